"""Addresses of the catalogue and of what the widget needs, below ``/api/v1/``."""

from django.urls import path

from gateway.providers import views

urlpatterns = [
    path("payment-systems", views.PaymentSystemsView.as_view()),
    path("redirect-hashes", views.RedirectHashesView.as_view()),
]
