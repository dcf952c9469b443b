"""In which form an answer is wanted: nearly everybody takes JSON, the one that we have."""

from collections.abc import Iterable
from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches


class QuickContentNegotiation(DefaultContentNegotiation):
    """DRF's own, asked only where the caller wants something in particular: to ask it is a twentieth of an order."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, where anything or just that is accepted; otherwise what DRF finds, or 406."""
        renderers = list(renderers)
        first, media_type = renderers[0], str(renderers[0].media_type)
        if format_suffix is None and request.META.get("HTTP_ACCEPT", "*/*") in {"*/*", media_type}:
            return first, media_type
        chosen: Any = super().select_renderer(request, renderers, format_suffix)
        return chosen  # type: ignore[no-any-return]  # untyped in DRF


class FileNegotiation(DefaultContentNegotiation):
    """For a view that answers with files of ``file_media_types``, each accepted as JSON is: refusals are JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, for refusals; 406 where neither JSON nor one of the files is accepted."""
        renderers = list(renderers)
        media_types = [str(renderers[0].media_type), *request.parser_context["view"].file_media_types]
        accepted = self.get_accept_list(request)
        if not any(media_type_matches(one, known) for one in accepted for known in media_types):
            raise NotAcceptable
        return renderers[0], media_types[0]
