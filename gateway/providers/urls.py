"""Addresses of the catalogue, below ``/api/v1/``."""

from django.urls import path

from gateway.providers import views

urlpatterns = [path("payment-systems", views.PaymentSystemsView.as_view())]
