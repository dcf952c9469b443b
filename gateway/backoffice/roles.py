"""What people of each role may do in the admin: one table, which ``manage.py seed`` makes into groups.

A person is given one group, or several. Nobody is a superuser by a role, and what takes two persons takes two whatever
their roles are: an instruction, a withdrawal and a batch are never decided on by whoever asked for them.
"""

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a group is.

    Attributes:
        sentence: what its people do.
        permissions: ``app.codename`` of each.
    """

    sentence: str
    permissions: frozenset[str]


def _view(app: str, *models: str) -> frozenset[str]:
    return frozenset(f"{app}.view_{model}" for model in models)


#: Rows without their encrypted columns: those are personal data and secrets, which no list and no page shows.
_LOOKS: Final = (
    _view("payments", "checkoutsession", "deposit", "confirmation", "receipt", "savings", "screenshot")
    | _view("withdrawals", "withdrawal", "withdrawalbatch", "batchrow", "blockedrecipient")
    | _view("withdrawals", "slabset", "withdrawallimit", "duplicatewindow", "outflowcap")
    | _view("balances", "account", "journal", "hold", "fee", "instruction")
    | _view("providers", "provideraccount", "paymentsystem", "payoutpause", "providercall", "balancecheck")
    | _view("providers", "observedbalance", "systemobservation", "mediahint", "mediafile", "redirecthash")
    | _view("postbacks", "letter", "letteritem", "rejectedletter")
    | _view("webhooks", "webhookendpoint", "event", "delivery")
    | _view("products", "product", "branding", "apikey", "customer")
    | _view("backoffice", "note", "handled", "savedview")
    # What stands below the others, on their pages.
    | _view("payments", "depositmove", "confirmationmove", "receiptmove")
    | _view("withdrawals", "withdrawalmove", "withdrawalbatchmove", "approval")
    | _view("balances", "instructionmove", "entry")
    | _view("webhooks", "deliveryattempt")
)
_OPERATES: Final = frozenset(
    {
        "balances.propose_instruction",  # another person decides
        "payments.see_picture",  # the queue of screenshots is looked at; each look is recorded
        # What one person does in the queues; none of it moves money.
        "payments.confirm_for_customer",
        "backoffice.ask_provider",
        "backoffice.set_letter_aside",
        "backoffice.judge_screenshot",
        "backoffice.add_note",
        "providers.test_provideraccount",
        # Both stop money, which one person may; what lets it go on is the finance lead's, or two persons'.
        "providers.pause_payouts",
        "withdrawals.add_blockedrecipient",
    }
)
_APPROVES: Final = frozenset({"balances.approve_instruction", "withdrawals.approve_withdrawal", "backoffice.add_note"})
_LEADS: Final = frozenset(
    {
        "withdrawals.approve_large_withdrawal",  # the second role of the slabs
        "withdrawals.add_withdrawalbatch",  # sends money where the slabs ask for nobody
        "providers.resume_payouts",
        # Accounts are paused and resumed by it, payment systems completed; what is live in them takes two persons.
        "providers.change_provideraccount",
        "providers.add_provideraccount",  # one for test money; a live one takes two persons
        "providers.add_paymentsystem",
        "providers.change_paymentsystem",
        # Say what happens to money that is too little, or saved up.
        "products.add_product",
        "products.change_product",
        "products.add_branding",
        "products.change_branding",
        "backoffice.see_personal_data",  # each look is recorded
        "backoffice.view_look",
        "backoffice.export_rows",  # thousands of rows leave in a file; each file and each download is recorded
        "backoffice.view_export",  # everybody's; what is in them is for whoever asked
        "backoffice.view_exportmove",
        "backoffice.view_exportdownload",
        "backoffice.strike_note",
        "backoffice.share_view",
    }
)
_INTEGRATES: Final = (
    _view("products", "product", "branding", "apikey")
    | _view("webhooks", "webhookendpoint", "event", "delivery", "deliveryattempt")
    | _view(
        "providers", "provideraccount", "paymentsystem", "systemobservation", "mediahint", "mediafile", "providercall"
    )
    | _view("backoffice", "savedview")
    | {
        "products.add_product",
        "products.change_product",
        "products.add_branding",
        "products.change_branding",
        # Keys that let no money leave, live ones as well; a live one that does is asked for with `propose_instruction`.
        "products.add_apikey",
        "products.change_apikey",
        "webhooks.add_webhookendpoint",
        "webhooks.change_webhookendpoint",
        "providers.add_provideraccount",  # one for test money
        "providers.test_provideraccount",
    }
)

#: By the name of their group.
ROLES: Final[dict[str, Role]] = {
    "viewer": Role(
        sentence="Looks at everything but personal data, secrets and pictures, and changes nothing.",
        permissions=_LOOKS,
    ),
    "operator": Role(
        sentence="Works through the queues: confirms for customers, asks for instructions, pauses, blocks, notes.",
        permissions=_LOOKS | _OPERATES,
    ),
    "approver": Role(
        sentence="Decides on withdrawals and on what others asked for.",
        permissions=_LOOKS | _APPROVES,
    ),
    "finance_lead": Role(
        sentence="Does what operators and approvers do, approves large sums, lets go on, sees personal data, exports.",
        permissions=_LOOKS | _OPERATES | _APPROVES | _LEADS,
    ),
    "integrator": Role(
        sentence="Connects products: keys, webhooks, test accounts and calls; no money and no personal data.",
        permissions=_INTEGRATES,
    ),
}

#: Permissions of our own that are asked for and that no role has.
SUPERUSERS_ONLY: Final[frozenset[str]] = frozenset()


@transaction.atomic
def write() -> None:
    """Make the groups what the table says, and leave every other group as it is.

    Raises:
        LookupError: the table names a permission that does not exist.
    """
    known = {
        f"{one.content_type.app_label}.{one.codename}": one for one in Permission.objects.select_related("content_type")
    }
    for name, role in ROLES.items():
        if missing := sorted(role.permissions - known.keys()):
            raise LookupError(f"{name}: there is no permission {', '.join(missing)}")
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(known[one] for one in role.permissions)
