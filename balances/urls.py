"""Addresses of the ledger, below ``/api/v1/``."""

from django.urls import path

from balances import views

urlpatterns = [
    path("balances", views.BalancesView.as_view()),
    path("ledger-entries", views.LedgerEntriesView.as_view()),
    path("reports/statement", views.StatementView.as_view()),
]
