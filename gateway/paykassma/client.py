"""The calls that the provider understands (C§1). Each sends one request once; nothing is ever repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import httpx

from gateway.http import Exchanged, exchange
from gateway.http_transport import HIDDEN_QUERY, HiddenQuery
from gateway.paykassma.answers import Answer, read_answer
from gateway.paykassma.messages import Kind, Screenshot
from gateway.paykassma.wire_requests import amount_text, json_body, path_segment, utf8

# The largest answer is a pull of some hundred orders at about 2 KB each; more would only fill the memory.
ANSWER_BYTES_MAX: Final = 2 * 1024 * 1024

# A secret shorter than this would be found in innocent words; real ones are far longer.
SCRUBBED_SECRET_MIN_CHARS: Final = 8
SCRUBBED: Final = b"[secret]"

JSON_HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one account at the provider is called with.

    Attributes:
        base_url: http(s)://api.{server}, with or without a path or a slash at its end.
        api_secret: PLUGINAPI_SECRET.
        withdrawal_key: private key for withdrawals; signs them and is never sent.
    """

    base_url: str
    api_secret: str = field(repr=False)
    withdrawal_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Paths below the base URL; the contract contradicts itself about some (C§5 rows 4 and 5)."""

    available: str = "/api/v1/payment-systems/available"
    media_hints: str = "/wallet-type/images/"
    transaction_create: str = "/api/v1/transaction/create/{wallet_type}"
    activation: str = "/api/v1/transaction/activate"
    manual_activation: str = "/api/v1/possible-transaction/activate"
    payment_create: str = "/api/v1/payment/create/{wallet_type}"
    savings: str = "/api/v1/deposit-info"
    redirect_hashes: str = "/payment-plugin/hash-url"
    withdrawal_create: str = "/v2/withdrawal/create"
    postback: str = "/api/v1/postback"
    balances: str = "/api/v1/accounts-balance"
    pull: str = "/api/v1/pullpostbacks"


class Client:
    """Calls the provider for one account.

    Args:
        credentials: of the account.
        http: from `gateway.http.build_client`, which knows how to hide the secret; its limits for
            connecting and for reading add up to each call's deadline.
        paths: where they differ from the contract's.
        json_body_on_get: repeat the parameters of a GET as a JSON body, as the contract prints them (C§1.1).

    Every method raises ValueError, without any content, for a value that has no place in a request.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        http: httpx.Client,
        paths: Paths = Paths(),
        json_body_on_get: bool = False,
    ) -> None:
        self._credentials = credentials
        self._http = http
        self._paths = paths
        self._json_body_on_get = json_body_on_get
        self._deadline_seconds = (http.timeout.connect or 0) + (http.timeout.read or 0)

    def available(self, *, currencies: Sequence[str], label: str) -> Answer:
        """Ask which payment systems a customer may use (C§1.1); read by `parse_available`."""
        return self._get(self._paths.available, {"currency_code": list(currencies), "label": label})

    def media_hints(self) -> Answer:
        """Ask for pictures and films that show how to pay (C§1.2); read by `parse_media_hints`."""
        return self._get(self._paths.media_hints, {})

    def create_transaction(self, *, wallet_type: str, currency: str, label: str) -> Answer:
        """Ask where a customer may pay to (C§1.3); read by `parse_details`. Binds nobody, may be repeated."""
        path = self._paths.transaction_create.replace("{wallet_type}", path_segment(wallet_type))
        return self._post(path, {"currency": currency, "label": label})

    def activate(
        self,
        *,
        wallet_type: str,
        currency: str,
        label: str,
        key1: str,
        amount: Decimal | None,
        custom_transaction_id: str,
    ) -> Answer:
        """Hand in the reference of a payment made by hand (C§1.4a). The answer credits nothing."""
        return self._post(
            self._paths.activation,
            {
                "currency_code": currency,
                "wallet_type": wallet_type,
                "label": label,
                "key1": key1,
                "amount": amount,
                "custom_transaction_id": custom_transaction_id,
            },
        )

    def activate_manually(
        self,
        *,
        wallet_type: str,
        currency: str,
        label: str,
        key1: str,
        amount: Decimal,
        screenshot: Screenshot | None,
        custom_transaction_id: str,
    ) -> Answer:
        """Hand in the reference of a payment that a person at the provider checks (C§1.4b)."""
        texts = {
            "currency_code": currency,
            "wallet_type": wallet_type,
            "label": label,
            "key1": key1,
            "amount": amount_text(amount),
            "custom_transaction_id": custom_transaction_id,
        }
        parts: list[tuple[str, tuple[str | None, bytes] | tuple[str, bytes, str]]] = [
            (name, (None, utf8(value.strip()))) for name, value in texts.items()
        ]
        if screenshot is not None:
            parts.append(("screenshot", (screenshot.filename, screenshot.content, screenshot.content_type)))
        return self._send("POST", self._paths.manual_activation, files=parts)

    def create_payment(
        self,
        *,
        wallet_type: str,
        currency: str,
        amount: Decimal,
        label: str,
        custom_transaction_id: str,
        fields: Mapping[str, str],
    ) -> Answer:
        """Start a payment by redirect or push (C§1.5); read by `parse_redirect_url`, `parse_push_message`.

        Args:
            wallet_type: as in the path; where a system wants it in the body too, it is among `fields`.
            currency: of the amount.
            amount: to be paid.
            label: our id of the customer.
            custom_transaction_id: our id of the deposit, never used twice.
            fields: what else the system wants; they give way to the ones above.
        """
        path = self._paths.payment_create.replace("{wallet_type}", path_segment(wallet_type))
        return self._post(
            path,
            {
                **fields,
                "currency": currency,
                "amount": amount,
                "label": label,
                "custom_transaction_id": custom_transaction_id,
            },
        )

    def savings(self, *, wallet_type: str, currency: str, label: str, code: str | None = None) -> Answer:
        """Ask what a customer has saved up below the minimum (C§1.6); read by `parse_savings`."""
        parameters: dict[str, Any] = {"label": label, "wallet_type": wallet_type, "currency": currency}
        return self._get(self._paths.savings, parameters if code is None else {**parameters, "code": code})

    def hash_redirects(self, *, success: Sequence[str], fail: Sequence[str], pending: Sequence[str] = ()) -> Answer:
        """Have redirect addresses hashed for the widget (C§1.7); read by `parse_redirect_hashes`."""
        body = {
            name: [{"order": order, "url": url} for order, url in enumerate(urls, start=1)]
            for name, urls in (("success_urls", success), ("fail_urls", fail), ("pending_urls", pending))
        }
        return self._post(self._paths.redirect_hashes, body)

    def send_withdrawal(self, body: bytes) -> Answer:
        """Send a withdrawal (C§1.9): exactly the bytes of `freeze_withdrawal`, and without the secret."""
        return self._send("POST", self._paths.withdrawal_create, with_secret=False, content=body, headers=JSON_HEADERS)

    def postback(
        self,
        *,
        kind: Kind,
        transaction_id: str | None = None,
        custom_id: str | None = None,
        withdrawal_id: str | None = None,
    ) -> Answer:
        """Ask for one postback again (C§1.10); read by `parse_read_postback`.

        Args:
            kind: deposit or withdrawal.
            transaction_id: of a deposit, in the payment system.
            custom_id: of a deposit, ours.
            withdrawal_id: of a withdrawal, ours.
        """
        ids = {"transaction_id": transaction_id, "custom_id": custom_id, "withdrawal_id": withdrawal_id}
        return self._get(
            self._paths.postback,
            {"type": kind} | {name: value for name, value in ids.items() if value is not None},
        )

    def balances(self) -> Answer:
        """Ask what the provider holds (C§1.11); read by `parse_balances`."""
        return self._get(self._paths.balances, {})

    def pull(self, *, kind: Kind, ids: Sequence[str]) -> Answer:
        """Ask for the postbacks of many orders by our own ids (C§1.12); read by `parse_pull`."""
        name = "plugin_custom_order_id" if kind == "deposit" else "withdrawal_id"
        return self._get(self._paths.pull, {"type": kind, name: list(ids)})

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Answer:
        query: list[tuple[str, str | int | float | bool | None]] = []
        for name, value in parameters.items():
            if isinstance(value, list):
                query += [(f"{name}[]", each.strip()) for each in value]
            else:
                query.append((name, value.strip()))
        if self._json_body_on_get and parameters:
            return self._send("GET", path, params=query, content=json_body(parameters), headers=JSON_HEADERS)
        return self._send("GET", path, params=query)

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._send("POST", path, content=json_body(body), headers=JSON_HEADERS)

    def _send(self, method: str, path: str, *, with_secret: bool = True, **request: Any) -> Answer:
        secret = self._credentials.api_secret
        extensions = {HIDDEN_QUERY: HiddenQuery(name="secret", value=secret)} if with_secret else {}
        exchanged = exchange(
            self._http,
            self._http.build_request(
                method, self._credentials.base_url.rstrip("/") + path, extensions=extensions, **request
            ),
            max_bytes=ANSWER_BYTES_MAX,
            deadline_seconds=self._deadline_seconds,
        )
        return read_answer(_scrubbed(exchanged, secret))


def _scrubbed(exchanged: Exchanged, secret: str) -> Exchanged:
    """Take the secret out of a body that echoes it: error pages print the address that was asked for."""
    if len(secret) < SCRUBBED_SECRET_MIN_CHARS:
        return exchanged
    body = exchanged.body
    for form in (secret, quote(secret, safe=""), secret.replace("/", "\\/")):
        body = body.replace(form.encode(), SCRUBBED)
    return replace(exchanged, body=body)
