"""The lock against guessing (django-axes): what it counts, and what a locked person sees."""

import hmac
from ipaddress import IPv6Address, IPv6Network
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gateway.api.addresses import SUBSCRIBER_BITS_IPV6, client_address

#: Enough of a digest to tell names apart that somebody tried.
_DIGEST_LENGTH: Final = 16


def address(request: HttpRequest) -> str | None:
    """Who is counted: the true client; of IPv6 the subscriber, who has more addresses than anybody can lock."""
    found = client_address(request)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, SUBSCRIBER_BITS_IPV6), strict=False).network_address)
    return None if found is None else str(found)


def username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose name is counted and kept. One that nobody has may be a password in the wrong field: a digest of it is."""
    told = credentials if credentials is not None else request.POST
    name = str(told.get("username") or "")
    if get_user_model().objects.filter(username=name).exists():
        return name
    digest = hmac.new(settings.SECRET_KEY.encode(), name.encode(errors="replace"), "sha256").hexdigest()
    return f"nobody:{digest[:_DIGEST_LENGTH]}"


def locked(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page of a locked person; it says the same to whoever tried a name that nobody has."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {**admin.site.each_context(request), "title": "Too many failed sign-ins", "minutes": minutes}
    return render(request, "admin/locked.html", context, status=429)
