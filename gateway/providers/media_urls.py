"""Addresses of our copies of the provider's pictures and films, below ``/pay/``."""

from django.urls import path

from gateway.providers import media_views

urlpatterns = [path("media/<slug:digest>", media_views.media_file, name="media-file")]
