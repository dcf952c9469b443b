"""Where Django finds the pages of the back office, which stand beside what they are about."""

from gateway.backoffice.exports.export_admin import ExportAdmin
from gateway.backoffice.lists.saved_view_admin import SavedViewAdmin
from gateway.backoffice.master_data.branding_admin import BrandingAdmin
from gateway.backoffice.master_data.key_admin import ApiKeyAdmin
from gateway.backoffice.master_data.product_admin import ProductAdmin
from gateway.backoffice.personal_data.account_pages import BatchRecipientAdmin, BlockedAccountAdmin
from gateway.backoffice.personal_data.look_admin import LookAdmin
from gateway.backoffice.personal_data.pictures import PictureAdmin
from gateway.backoffice.queues.handled_admin import HandledAdmin
from gateway.backoffice.signing_in.people_admin import PeopleGroupAdmin, PersonAdmin
from gateway.backoffice.story.deposits import DepositAdmin, ReceiptAdmin
from gateway.backoffice.story.note_admin import NoteAdmin
from gateway.backoffice.story.payouts import BatchAdmin, PayoutAdmin
from gateway.backoffice.story.savings_page import SavingsPage

__all__ = [
    "ApiKeyAdmin",
    "BatchAdmin",
    "BatchRecipientAdmin",
    "BlockedAccountAdmin",
    "BrandingAdmin",
    "DepositAdmin",
    "ExportAdmin",
    "HandledAdmin",
    "LookAdmin",
    "NoteAdmin",
    "PayoutAdmin",
    "PeopleGroupAdmin",
    "PersonAdmin",
    "PictureAdmin",
    "ProductAdmin",
    "ReceiptAdmin",
    "SavedViewAdmin",
    "SavingsPage",
]
