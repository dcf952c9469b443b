"""The webhooks of money in, for the OpenAPI document."""

from gateway.webhooks.documentation import webhook_about
from payments.shapes import ConfirmationShape, DepositShape, SavingsChangeShape

deposit_webhook = webhook_about("deposit", DepositShape)
confirmation_webhook = webhook_about("confirmation", ConfirmationShape)
savings_webhook = webhook_about("savings", SavingsChangeShape)
