import pytest

# Before anybody imports it: its assertions tell what differs.
pytest.register_assert_rewrite("tests.gateway.api.refusals")
