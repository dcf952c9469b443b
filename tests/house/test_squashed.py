"""Squashed migrations make the same database as those that they stand for (docs/adr/, "squashed")."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests import roles
from tests.another_database import empty_database, run_there
from tests.catalogue import catalogue, differences
from tests.old_migrations import without_squashed


@pytest.fixture
def database(django_db_setup: None) -> Iterator[str]:
    """The name of an empty database beside that of the tests."""
    with empty_database("migrated_in_turn") as name:
        yield name


@pytest.mark.django_db  # it is compared with the database of the tests
def test_a_new_database_is_as_one_that_was_migrated_in_turn(database: str) -> None:
    run_there(database, "-m", "tests.old_migrations")
    with roles.owner(database) as old, roles.owner() as new:
        assert differences(catalogue(old), catalogue(new)) == []
        applied = "SELECT app, name FROM django_migrations"
        # Both know of all, so that neither has anything to apply, now and when the old ones are gone.
        assert set(old.execute(applied)) == set(new.execute(applied))
    assert run_there(database, "manage.py", "migrate", "--check") == ""


@pytest.mark.django_db
def test_from_every_former_state_the_rest_is_applied_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Squashed ones stand for old ones that are applied together, or not at all."""
    former = without_squashed()
    graph = former.graph
    in_turn = list(dict.fromkeys(one for leaf in graph.leaf_nodes() for one in graph.forwards_plan(leaf)))
    needs = {one: {parent.key for parent in graph.node_map[one].parents} for one in in_turn}
    # So far as `migrate` came, and the least that there was where one of them was.
    states = [in_turn[:number] for number in range(len(in_turn) + 1)] + [graph.forwards_plan(one) for one in in_turn]
    for state in states:
        done = set(state)
        # Where all parts are applied, `migrate` writes down the whole, whatever it was asked to migrate.
        wholes = [one for one, whole in former.replacements.items() if set(whole.replaces) <= done]
        applied = {one: former.disk_migrations[one] for one in (*state, *wholes)}
        monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda _, applied=applied: dict(applied))
        loader = MigrationLoader(connection)
        loader.check_consistent_history(connection)
        plan = dict.fromkeys(one for leaf in loader.graph.leaf_nodes() for one in loader.graph.forwards_plan(leaf))
        for one in plan:
            stands_for = set(loader.disk_migrations[one].replaces or [one])
            if one in loader.applied_migrations:
                assert stands_for <= done
                continue
            assert not stands_for & done, one
            for part in stands_for:
                assert needs[part] <= done | stands_for, (one, part)
            done |= stands_for
        assert done == set(in_turn)
