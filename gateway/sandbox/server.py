"""The routes of the sandbox and the way its answers travel."""

from __future__ import annotations

import hmac
import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from gateway.sandbox import (
    answers,
    control,
    deposits,
    moving_pictures,
    offers,
    pages,
    payments,
    php_json,
    pulls,
    widget,
    withdrawals,
)
from gateway.sandbox.answers import Answer, Manner
from gateway.sandbox.catalogue import MANUAL_PATH, OTHER_MANUAL_PATH, SYSTEMS, Flow
from gateway.sandbox.provider import Provider
from gateway.sandbox.received import Received, receive
from gateway.sandbox.rows import DepositStatus, ReceivedRequest
from gateway.sandbox.storm import instead, spoiled
from gateway.sandbox.weather import Outage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# A screenshot of a telephone with room to spare.
REQUEST_MAX_BYTES: Final = 20 * 1024 * 1024

# A slow answer in a storm: longer than anybody expects, shorter than anybody waits.
LATE_SECONDS: Final = 4.0

_log = logging.getLogger("gateway.sandbox.access")

# An endpoint gets the provider, the fields of the call, the address of this server and what its path says.
_Endpoint = Callable[[Provider, Received, str, Mapping[str, Any]], Answer]

_ENDPOINTS: Final[Mapping[str, _Endpoint]] = MappingProxyType(
    {
        "available": lambda provider, received, base, _path: offers.available(provider, received, base),
        "images": lambda provider, received, base, _path: offers.images(provider, received, base),
        "create_transaction": lambda provider, received, _base, path: offers.create_transaction(
            provider, received, path["wallet_type"]
        ),
        "activate": lambda provider, received, _base, _path: deposits.activate(provider, received),
        "activate_possible": lambda provider, received, _base, _path: deposits.activate_possible(
            provider, received, MANUAL_PATH
        ),
        "activate_possible_otherwise": lambda provider, received, _base, _path: deposits.activate_possible(
            provider, received, OTHER_MANUAL_PATH
        ),
        "create_payment": lambda provider, received, base, path: payments.create_payment(
            provider, received, base, path["wallet_type"]
        ),
        "deposit_info": lambda provider, received, _base, _path: offers.deposit_info(provider, received),
        "hash_urls": lambda provider, received, _base, _path: offers.hash_urls(provider, received),
        "withdraw": lambda provider, received, _base, _path: withdrawals.create(provider, received),
        "read_postback": lambda provider, received, _base, _path: pulls.read_postback(provider, received),
        "pull_postbacks": lambda provider, received, _base, _path: pulls.pull_postbacks(provider, received),
        "accounts_balance": lambda provider, received, _base, _path: pulls.accounts_balance(provider, received),
    },
)

# The one call that must not carry the secret, and the one whose sample carries none (C§1.2).
_WITHOUT_SECRET: Final = frozenset({"withdraw", "images"})

_ROUTES: Final = Map(
    [
        Rule("/api/v1/payment-systems/available", endpoint="available", methods=["GET"]),
        Rule("/wallet-type/images/", endpoint="images", methods=["GET"]),
        Rule("/api/v1/transaction/create/<wallet_type>", endpoint="create_transaction", methods=["POST"]),
        Rule("/api/v1/transaction/activate", endpoint="activate", methods=["POST"]),
        Rule(MANUAL_PATH, endpoint="activate_possible", methods=["POST"]),
        Rule(OTHER_MANUAL_PATH, endpoint="activate_possible_otherwise", methods=["POST"]),
        Rule("/api/v1/payment/create/<wallet_type>", endpoint="create_payment", methods=["POST"]),
        Rule("/api/v1/deposit-info", endpoint="deposit_info", methods=["GET"]),
        Rule("/payment-plugin/hash-url", endpoint="hash_urls", methods=["POST"]),
        Rule("/v2/withdrawal/create", endpoint="withdraw", methods=["POST"]),
        Rule("/api/v1/postback", endpoint="read_postback", methods=["GET"]),
        Rule("/api/v1/pullpostbacks", endpoint="pull_postbacks", methods=["GET"]),
        Rule("/api/v1/accounts-balance", endpoint="accounts_balance", methods=["GET"]),
        Rule("/", endpoint="overview", methods=["GET"]),
        Rule("/health", endpoint="health", methods=["GET"]),
        Rule("/pay/<order_id>", endpoint="pay", methods=["GET", "POST"]),
        Rule("/widget/", endpoint="widget", methods=["GET", "POST"]),
        Rule("/media/<wallet_type>.svg", endpoint="logo", methods=["GET"]),
        Rule("/media/<wallet_type>.gif", endpoint="hint", methods=["GET"]),
        Rule("/control/<path:action>", endpoint="control", methods=["GET", "POST"]),
    ],
)

_NOT_FOUND: Final = "<!doctype html><html><head><title>Not found</title></head><body><h1>Not found</h1></body></html>"
_GARBAGE: Final = "<html><head><title>Please wa"


class DroppedError(ConnectionError):
    """The connection was closed without an answer; the server underneath stays quiet about it."""


class Application:
    """The WSGI application."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call and write one line about it, without query string."""
        started = time.monotonic()
        request = Request(environ)
        request.max_content_length = REQUEST_MAX_BYTES
        outcome = "dropped"
        try:
            response = self._respond(request)
            outcome = str(response.status_code)
            return response(environ, start_response)
        finally:
            took_ms = round((time.monotonic() - started) * 1000)
            _log.info("%s %s %s %d ms", request.method, _printable(request.path), outcome, took_ms)

    def _respond(self, request: Request) -> Response:
        try:
            endpoint, path = _ROUTES.bind_to_environ(request.environ).match()
            if endpoint in _ENDPOINTS:
                return self._call(request, endpoint, path)
            return self._page(request, endpoint, path)
        except HTTPException as error:
            return Response(error.name, status=error.code, content_type="text/plain; charset=utf-8")
        except DroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - the server underneath would log texts with what a client sent
            _log.error("surprised by %s %s", type(error).__name__, _place_of(error))
            return Response("Server Error", status=HTTPStatus.INTERNAL_SERVER_ERROR, content_type="text/html")

    def _page(self, request: Request, endpoint: str, path: Mapping[str, Any]) -> Response:
        match endpoint:
            case "overview":
                return pages.overview(self._provider.book)
            case "health":
                return _json({"status": "ok"}, HTTPStatus.OK)
            case "logo":
                return pages.logo(path["wallet_type"]) if path["wallet_type"] in SYSTEMS else _not_found()
            case "hint":
                return moving_pictures.hint(path["wallet_type"]) if path["wallet_type"] in SYSTEMS else _not_found()
            case "widget":
                return widget.window(self._provider, request)
            case "pay":
                return self._pay(request, path["order_id"])
            case _:
                return control.answer(self._provider, request, path["action"])

    def _pay(self, request: Request, order_id: str) -> Response:
        deposit = self._provider.book.deposit_of_page(order_id)
        # The telephone's question has an order_id too, but no page.
        if deposit is None or SYSTEMS[deposit.wallet_type].flow is not Flow.REDIRECT:
            return _not_found()
        if request.method == "GET":
            return pages.pay_page(deposit)
        deposit = payments.decide(self._provider, deposit.custom_id, is_paid=request.form.get("decision") == "pay")
        is_declined = deposit.status is DepositStatus.DECLINED
        target = deposit.fail_url if is_declined else deposit.success_url
        return redirect(target, HTTPStatus.SEE_OTHER) if target else pages.pay_page(deposit)

    def _call(self, request: Request, endpoint: str, path: Mapping[str, Any]) -> Response:
        weather = self._provider.weather
        received = receive(request)
        if weather.outage is Outage.DOWN:
            self._note(request, received, "503")
            return Response("Service Unavailable", status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/html")
        if weather.outage is Outage.SLOW:
            weather.hang(weather.pause_seconds)
        if (refusal := self._refuse_secret(request, endpoint)) is not None:
            self._note(request, received, str(refusal.status_code))
            return refusal
        trouble = None if weather.storm is None else weather.storm.befall(endpoint, received)
        if (nothing := instead(trouble)) is not None:
            answer = nothing
        elif received.is_broken:
            answer = answers.fail("The request is not valid JSON")
        elif weather.outage is Outage.REVOKED:
            answer = answers.fail(withdrawals.WRONG_SIGNATURE)
        else:
            base_url = self._provider.settings.public_url or request.host_url
            answer = spoiled(_ENDPOINTS[endpoint](self._provider, received, base_url, path), trouble)
        # Noted before the answer travels: whoever waits for a hanging call must be able to see it arrive.
        is_plain = answer.manner in {Manner.NORMAL, Manner.LETTER_FIRST}
        self._note(request, received, str(int(answer.status)) if is_plain else answer.manner.value)
        return self._travel(request, answer)

    def _refuse_secret(self, request: Request, endpoint: str) -> Response | None:
        if endpoint in _WITHOUT_SECRET:
            return None
        given = request.args.get("secret")
        is_right = given is not None and hmac.compare_digest(
            given.encode("utf-8", "surrogatepass"),
            self._provider.settings.api_secret.encode(),
        )
        if is_right and self._provider.weather.outage is not Outage.REVOKED:
            return None
        # Balances have a shape of their own for a wrong secret (C§1.11).
        if given is not None and endpoint == "accounts_balance":
            return _json(answers.wrong_secret().body, HTTPStatus.OK)
        return _not_found()

    def _note(self, request: Request, received: Received, outcome: str) -> None:
        self._provider.book.note_request(
            ReceivedRequest(
                at=self._provider.clock.now(),
                method=request.method,
                path=request.path,
                order_id=received.order_id,
                outcome=outcome,
                fields=received.redacted(),
            ),
        )

    def _travel(self, request: Request, answer: Answer) -> Response:
        match answer.manner:
            case Manner.DROPPED:
                _drop(request)
            case Manner.DROPPED_LATE:
                self._provider.weather.hang(LATE_SECONDS)
                _drop(request)
            case Manner.SLOW:
                self._provider.weather.hang(LATE_SECONDS)
            case Manner.CUT:
                text = php_json.encode(answer.body)
                return Response(text[: len(text) // 2], status=answer.status, content_type="application/json")
            case Manner.WRONG_TYPES:
                return _json([{"status": ["ok"], "message": 1}], answer.status)
            case Manner.GARBAGE:
                return Response(_GARBAGE, content_type="text/html; charset=utf-8")
            case Manner.BAD_GATEWAY:
                return Response("Bad Gateway", status=HTTPStatus.BAD_GATEWAY, content_type="text/html")
            case Manner.HANGING:
                self._provider.weather.hang(self._provider.weather.hang_seconds)
            case Manner.LETTER_FIRST if answer.order is not None:
                self._provider.settlement.deliver_now(answer.order)
            case _:
                pass
        return _json(answer.body, answer.status)


def _drop(request: Request) -> NoReturn:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise DroppedError


def _json(body: Any, status: HTTPStatus) -> Response:
    return Response(php_json.encode(body), status=status, content_type="application/json")


def _not_found() -> Response:
    return Response(_NOT_FOUND, status=HTTPStatus.NOT_FOUND, content_type="text/html; charset=utf-8")


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


class QuietHandler(WSGIRequestHandler):
    """Writes no lines of its own: they would carry the query string and with it the secret."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the overridden name
        """Say nothing; `Application` writes the access log."""


def make(provider: Provider) -> BaseWSGIServer:
    """Bind the port; `server.port` says which one it is. `serve_forever` and `shutdown` as usual.

    Raises:
        SystemExit: the port is taken.
    """
    return make_server(
        provider.settings.host,
        provider.settings.port,
        Application(provider),
        threaded=True,
        request_handler=QuietHandler,
    )
