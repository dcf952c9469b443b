"""Addresses of money out, below ``/api/v1/``."""

from django.urls import path

from withdrawals import views

urlpatterns = [
    path("withdrawals", views.WithdrawalsView.as_view()),
    path("withdrawals/<wd:withdrawal_id>", views.WithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/cancel", views.CancelWithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/approve", views.ApproveWithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/reject", views.RejectWithdrawalView.as_view()),
]
