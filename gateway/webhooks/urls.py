"""Addresses of the outbox, below ``/api/v1/``."""

from django.urls import path

from gateway.webhooks import views

urlpatterns = [
    path("webhook-endpoints", views.WebhookEndpointsView.as_view()),
    path("webhook-endpoints/<whe:endpoint_id>", views.WebhookEndpointView.as_view()),
    path("webhook-endpoints/<whe:endpoint_id>/rotate-secret", views.RotateSecretView.as_view()),
    path("events", views.EventsView.as_view()),
    path("events/<evt:event_id>", views.EventView.as_view()),
]
