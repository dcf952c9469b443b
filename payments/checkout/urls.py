"""Addresses of checkout sessions, below ``/api/v1/``."""

from django.urls import path

from payments.checkout import views

urlpatterns = [
    path("checkout-sessions", views.CheckoutSessionsView.as_view()),
    path("checkout-sessions/<cs:session_id>", views.CheckoutSessionView.as_view()),
    path("checkout-sessions/<cs:session_id>/cancel", views.CancelCheckoutSessionView.as_view()),
]
