"""The pages of the API itself: health, and the list of problem codes that ``type`` points to."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.generic import TemplateView

from gateway.api.problems import TITLES


def health(request: HttpRequest) -> JsonResponse:
    """200 while this process answers and its database does; a failure is Django's 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


class ProblemsPage(TemplateView):
    """Every code with its title."""

    template_name = "problems.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The codes in alphabetical order."""
        return {**super().get_context_data(**kwargs), "titles": sorted(TITLES.items())}
