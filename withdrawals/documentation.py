"""The webhooks of money out, for the OpenAPI document."""

from gateway.webhooks.documentation import webhook_about
from withdrawals.batch_shapes import BatchProgressShape
from withdrawals.shapes import WithdrawalShape

withdrawal_webhook = webhook_about("withdrawal", WithdrawalShape)
withdrawal_batch_webhook = webhook_about("withdrawal_batch", BatchProgressShape)
