"""Staff see how a session stands in the word that its product has for it."""

import re

import pytest
from django.urls import reverse

from payments.models import CheckoutSession
from tests.conftest import Api
from tests.payments.checkout.stage import begin_session
from tests.payments.stage import Book
from tests.staff import logged_in

pytestmark = pytest.mark.django_db


def status_shown(session: CheckoutSession) -> str:
    """The row "Status" of the session's page."""
    client = logged_in("ada", "view_checkoutsession")
    answer = client.get(reverse("admin:payments_checkoutsession_change", args=[session.pk]))
    assert answer.status_code == 200
    words = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    found = re.search(r"Status (\w+) Deposits none yet", words)
    return found[1] if found else ""


@pytest.mark.parametrize(("is_cancelled", "status"), [(False, "open"), (True, "cancelled")])
def test_its_page_says_how_it_stands(api: Api, book: Book, is_cancelled: bool, status: str) -> None:
    session = begin_session(api)
    if is_cancelled:
        assert api.post(f"checkout-sessions/{session.public_id}/cancel", {}).status_code == 200
    assert status_shown(session) == status
