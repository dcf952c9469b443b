"""Money out."""

from collections.abc import Iterator

from tests.money.happenings import told_as
from tests.money.world import World, decide
from tests.scripted_provider import DROP
from tests.withdrawals import provider_words as words
from withdrawals.corrections import prove_paid, reverse


@told_as("A withdrawal is created")
def held(world: World) -> Iterator[None]:
    yield
    world.reserved()


@told_as("A withdrawal has an unknown outcome")
def unknown(world: World) -> Iterator[None]:
    withdrawal = world.reserved()
    world.provider.script(words.CREATE, DROP)
    yield
    assert world.send(withdrawal).status == "unknown"


@told_as("A withdrawal is paid")
def paid(world: World) -> Iterator[None]:
    withdrawal = world.sent()
    yield
    world.ended(withdrawal, 1)


@told_as("A withdrawal is cancelled")
def cancelled(world: World) -> Iterator[None]:
    withdrawal = world.reserved()
    yield
    assert world.api.post(f"withdrawals/{withdrawal.public_id}/cancel").status_code == 200


@told_as("A withdrawal is refused")
def refused(world: World) -> Iterator[None]:
    withdrawal = world.reserved()
    world.provider.script(words.CREATE, words.REFUSED_FIELD)
    yield
    world.send(withdrawal)


@told_as("A withdrawal is rejected")
def rejected(world: World) -> Iterator[None]:
    withdrawal = world.sent()
    yield
    world.ended(withdrawal, 5)


@told_as("A withdrawal is rejected for a product that owes")
def rejected_owing(world: World) -> Iterator[None]:
    withdrawal = world.owing()
    yield
    world.ended(withdrawal, 5)


@told_as("A paid withdrawal comes back")
def came_back(world: World) -> Iterator[None]:
    withdrawal = world.ended(world.sent(), 1)
    yield
    decide(reverse, withdrawal.pk)


@told_as("A paid withdrawal comes back to a product that owes")
def came_back_owing(world: World) -> Iterator[None]:
    withdrawal = world.ended(world.owing(), 1)
    yield
    decide(reverse, withdrawal.pk)


@told_as("A rejected withdrawal proves paid")
def proved_paid(world: World) -> Iterator[None]:
    withdrawal = world.ended(world.sent(), 5)
    yield
    decide(prove_paid, withdrawal.pk)


@told_as("A rejected withdrawal proves paid and the product has spent its money")
def proved_paid_short(world: World) -> Iterator[None]:
    withdrawal = world.ended(world.sent(), 5)
    world.sent("4000")
    yield
    decide(prove_paid, withdrawal.pk)
