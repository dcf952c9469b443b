"""The payment gateway: wiring above, shared floor below."""
