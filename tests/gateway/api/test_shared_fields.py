"""The fields of a serializer are built once; what one request leaves in them must not reach another."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rest_framework import serializers

from gateway.api.fields import StrictSerializer


class Inner(StrictSerializer):
    first = serializers.CharField(max_length=5)
    second = serializers.CharField(required=False)


class Outer(StrictSerializer):
    name = serializers.CharField()
    inner = Inner(required=False)


class Wider(Outer):
    more = serializers.IntegerField(default=7)


def test_they_are_built_once_for_each_class() -> None:
    assert Outer().fields is Outer(data={}).fields
    assert Wider().fields is not Outer().fields
    assert list(Wider().fields) == ["name", "inner", "more"]
    inner: Any = Outer().fields["inner"]
    assert inner.fields is Inner().fields


def test_one_request_leaves_nothing_for_the_next() -> None:
    wrong = Outer(data={"name": "", "inner": {"first": "too long"}})
    assert not wrong.is_valid()
    right = Outer(data={"name": "a", "inner": {"first": "b"}})
    assert right.is_valid(), right.errors
    assert right.validated_data == {"name": "a", "inner": {"first": "b"}}
    assert set(wrong.errors) == {"name", "inner"}
    bare = Wider(data={"name": "a"})
    assert bare.is_valid()
    assert bare.validated_data == {"name": "a", "more": 7}


def test_unknown_fields_are_named_at_every_depth() -> None:
    outer = Outer(data={"name": "a", "inner": {"first": "b", "third": 1}})
    assert not outer.is_valid()
    assert outer.errors == {"inner": {"third": ["There is no such field here. Known: first, second."]}}


def test_many_threads_check_at_once() -> None:
    def check(number: int) -> bool:
        serializer = Wider(data={"name": f"n{number}", "inner": {"first": "x" * (number % 10)}})
        valid = 1 <= number % 10 <= 5
        return serializer.is_valid() is valid and (not valid or serializer.validated_data["name"] == f"n{number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(400)))
