"""Views of lists: kept under a name, seen by their person or by everybody, and never what somebody searched for."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gateway.backoffice.models import SavedView
from tests.staff import logged_in

pytestmark = pytest.mark.django_db

LIST = reverse("admin:withdrawals_withdrawal_changelist")
SAVE = reverse("admin:backoffice_savedview_save")


def save(client: Client, name: str, query: str = "status__in=unknown", **also: str) -> str:
    """Press the button; what the list then says."""
    wanted = {"list": "withdrawals.withdrawal", "name": name, "query": query, **also}
    answer = client.post(SAVE, wanted, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def kept() -> list[tuple[str, str, str, bool]]:
    rows = SavedView.objects.select_related("person").order_by("id")
    return [(row.person.get_username(), row.name, row.query, row.is_shared) for row in rows]


def test_a_view_keeps_filters_alone() -> None:
    ada = logged_in("ada", "view_withdrawal")
    page = save(
        ada, "  Mine  ", "mode=live&q=someone&status__in=unknown&status__in=paid&after=1&amount__gte=&o=oldest&p=3&x=1"
    )
    assert kept() == [("ada", "Mine", "o=oldest&status__in=unknown&status__in=paid", False)]
    assert "Saved as “Mine”." in page
    assert 'href="?o=oldest&amp;status__in=unknown&amp;status__in=paid"' in page
    assert "Mine" not in logged_in("bob", "view_withdrawal").get(LIST).content.decode()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "Paid today"])
def test_a_name_that_is_none_or_taken_is_refused(name: str) -> None:
    save(logged_in("ada", "view_withdrawal"), name)
    assert kept() == []


def test_the_same_name_is_refused_and_the_first_view_stays() -> None:
    ada = logged_in("ada", "view_withdrawal")
    save(ada, "Mine")
    assert "There is a view called “Mine” already" in save(ada, "Mine", "status__in=paid")
    assert kept() == [("ada", "Mine", "status__in=unknown", False)]


def test_filters_that_mean_nothing_are_refused() -> None:
    assert "cannot be kept" in save(logged_in("ada", "view_withdrawal"), "Mine", "status__in=nonsense")
    assert kept() == []


def test_sharing_takes_a_permission() -> None:
    ada, lead = logged_in("ada", "view_withdrawal"), logged_in("lead", "view_withdrawal", "share_view")
    assert "You may not share views." in save(ada, "Ours", shared="1")
    save(lead, "Ours", shared="1")
    assert kept() == [("lead", "Ours", "status__in=unknown", True)]
    assert "by lead" in ada.get(LIST).content.decode()
    forget = reverse("admin:backoffice_savedview_forget", args=[SavedView.objects.get().pk])
    assert ada.post(forget).status_code == 403
    assert lead.get(forget).status_code == 405
    assert lead.post(forget).status_code == 302
    assert kept() == []


def test_nobody_saves_or_forgets_for_a_list_they_do_not_see() -> None:
    nobody = logged_in("nobody", "view_deposit")
    assert nobody.post(SAVE, {"list": "withdrawals.withdrawal", "name": "Mine", "query": ""}).status_code == 403
    assert nobody.post(SAVE, {"list": "no.such", "name": "Mine", "query": ""}).status_code == 403
    ada = logged_in("ada", "view_withdrawal")
    save(ada, "Mine")
    forget = reverse("admin:backoffice_savedview_forget", args=[SavedView.objects.get().pk])
    assert logged_in("bob", "view_withdrawal", "share_view").post(forget).status_code == 403, "it is not shared"
    User.objects.get(username="ada").user_permissions.clear()
    assert ada.post(forget).status_code == 403
    assert len(kept()) == 1


def test_built_in_views_are_questions_that_lists_understand(admin_client: Client) -> None:
    from django.contrib import admin  # noqa: PLC0415 - after the apps

    from gateway.readonly_admin import ReadOnlyAdmin  # noqa: PLC0415

    asked = 0
    for model, pages in admin.site._registry.items():
        if isinstance(pages, ReadOnlyAdmin):
            for name, query in pages.views:
                answer = admin_client.get(
                    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + f"?{query}"
                )
                assert answer.status_code == 200, name
                assert answer.context["cl"].asked.complaints == [], name
                assert answer.context["cl"].chips, name
                asked += 1
    assert asked > 20
