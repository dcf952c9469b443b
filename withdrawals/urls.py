"""Addresses of money out, below ``/api/v1/``."""

from django.urls import path

from withdrawals import batch_views, views

urlpatterns = [
    path("withdrawals", views.WithdrawalsView.as_view()),
    path("withdrawals/<wd:withdrawal_id>", views.WithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/cancel", views.CancelWithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/approve", views.ApproveWithdrawalView.as_view()),
    path("withdrawals/<wd:withdrawal_id>/reject", views.RejectWithdrawalView.as_view()),
    path("withdrawal-batches", batch_views.BatchesView.as_view()),
    path("withdrawal-batches/<wdb:batch_id>", batch_views.BatchView.as_view()),
    path("withdrawal-batches/<wdb:batch_id>/cancel", batch_views.CancelBatchView.as_view()),
    path("withdrawal-batches/<wdb:batch_id>/rows", batch_views.BatchRowsView.as_view()),
    path("withdrawal-batches/<wdb:batch_id>/result", batch_views.BatchResultView.as_view()),
]
