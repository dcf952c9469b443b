"""The provider's address."""

from django.urls import path, register_converter

from postbacks.views import take_letter


class _TokenConverter:
    """The unreserved characters of an address (RFC 3986)."""

    regex = "[A-Za-z0-9._~-]{1,128}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(_TokenConverter, "postback_token")

urlpatterns = [
    path("postbacks/paykassma/<postback_token:token>/", take_letter),
    # Typed into the provider's settings without its last slash it must not become a redirect: that loses the body.
    path("postbacks/paykassma/<postback_token:token>", take_letter),
]
