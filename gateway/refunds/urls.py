"""Addresses of money that goes back, below ``/api/v1/``."""

from django.urls import path

from gateway.refunds import views

urlpatterns = [path("deposits/<dep:deposit_id>/refunds", views.RefundsView.as_view())]
