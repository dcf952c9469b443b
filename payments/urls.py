"""Addresses of money in, below ``/api/v1/``."""

from django.urls import path

from payments import views

urlpatterns = [
    path("deposits", views.DepositsView.as_view()),
    path("deposits/<dep:deposit_id>", views.DepositView.as_view()),
    path("deposits/<dep:deposit_id>/cancel", views.CancelDepositView.as_view()),
    path("customers/<str:customer>/savings", views.CustomerSavingsView.as_view()),
    path("deposits/<dep:deposit_id>/confirmations", views.ConfirmationsView.as_view()),
]
