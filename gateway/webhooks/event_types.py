"""What a product can be told. An endpoint's filter takes these words and no others."""

from django.db import models


class EventType(models.TextChoices):
    """Every kind of event with the one sentence an integrator needs."""

    DEPOSIT_CREATED = "deposit.created", "a deposit was accepted and its payment details are being fetched"
    DEPOSIT_AWAITING_PAYMENT = "deposit.awaiting_payment", "payment details are there; the customer may pay"
    DEPOSIT_VERIFYING = (
        "deposit.verifying",
        "the customer says that the money was sent; it is being looked for",
    )
    DEPOSIT_CREDITED = "deposit.credited", "exactly the expected money arrived"
    DEPOSIT_CREDITED_WITH_DIFFERENCE = (
        "deposit.credited_with_difference",
        "money arrived and was credited, but in another amount or currency than expected",
    )
    DEPOSIT_ACCUMULATING = "deposit.accumulating", "money arrived below the system's minimum and waits for more"
    DEPOSIT_IN_REVIEW = "deposit.in_review", "money or news arrived that a person has to look at"
    DEPOSIT_FAILED = "deposit.failed", "the deposit cannot be paid; its failure says whether to try another"
    DEPOSIT_EXPIRED = "deposit.expired", "no money was found in time; late money is still credited"
    DEPOSIT_CANCELLED = "deposit.cancelled", "the product called the deposit off"
    DEPOSIT_REVERSED = "deposit.reversed", "the provider took credited money back"
    SAVINGS_INCREASED = "savings.increased", "the provider reports more savings of a customer; nothing is credited yet"
    SAVINGS_RELEASED = "savings.released", "savings of a customer became money of a deposit"
    CONFIRMATION_REFUSED = (
        "confirmation.refused",
        "one reference of the customer was not accepted; another may be",
    )
    WITHDRAWAL_PENDING_APPROVAL = (
        "withdrawal.pending_approval",
        "it waits for approval, or for one more; its money is held",
    )
    WITHDRAWAL_QUEUED = "withdrawal.queued", "it is to be sent, approved where that was needed; its money is held"
    WITHDRAWAL_WAITING_FUNDS = (
        "withdrawal.waiting_funds",
        "the provider lacks funds; the withdrawal waits and its money stays held",
    )
    WITHDRAWAL_ACCEPTED = "withdrawal.accepted", "the provider has taken the withdrawal; it is not paid yet"
    WITHDRAWAL_UNKNOWN = (
        "withdrawal.unknown",
        "nobody knows yet whether the provider has it; never pay it again",
    )
    WITHDRAWAL_MANUAL_REVIEW = "withdrawal.manual_review", "a person has to look; the money stays held"
    WITHDRAWAL_PAID = "withdrawal.paid", "the money was paid out"
    WITHDRAWAL_REJECTED = "withdrawal.rejected", "the provider rejected it; the money is available again"
    WITHDRAWAL_FAILED = "withdrawal.failed", "it was surely never created; the money is available again"
    WITHDRAWAL_CANCELLED = (
        "withdrawal.cancelled",
        "it was called off before it was sent: by the product, by a person, or because nobody approved it in time",
    )
    WITHDRAWAL_BATCH_FINISHED = "withdrawal_batch.finished", "each row of a batch was made, refused or called off"
    WITHDRAWAL_REVERSED = "withdrawal.reversed", "it was paid and the money came back"
    ENDPOINT_TEST = (
        "webhook_endpoint.test",
        "somebody tries whether the endpoint takes what it is told; nothing happened",
    )
