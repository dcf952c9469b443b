"""Pages of accounts that are not a withdrawal's own: blocked ones, and those of a batch's rows."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from gateway.backoffice.models import LookKind
from gateway.backoffice.personal_data.masking import masked
from withdrawals.batch_admin import BatchRowAdmin
from withdrawals.block_admin import BlockedRecipientAdmin
from withdrawals.models import BatchRow, BlockedRecipient

# The pages of their own app show none of the account; how it may be seen is known above the apps.
admin.site.unregister(BlockedRecipient)
admin.site.unregister(BatchRow)


@admin.register(BlockedRecipient)
class BlockedAccountAdmin(BlockedRecipientAdmin):
    """Blocked recipients: one person adds, two end it."""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a block with its account, masked."""
        if (blocked := options.get("obj")) is not None:
            context["personal_data"] = [masked(LookKind.BLOCKED, blocked, request)]
        return super().render_change_form(request, context, *args, **options)


@admin.register(BatchRow)
class BatchRecipientAdmin(BatchRowAdmin):
    """Rows of batches, newest batch first."""

    change_form_template = "admin/order.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The page of a row with its recipient, masked."""
        context["personal_data"] = [masked(LookKind.BATCH_ROW, options["obj"], request)]
        return super().render_change_form(request, context, *args, **options)
