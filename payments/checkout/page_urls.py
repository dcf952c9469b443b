"""Addresses of the payment pages, below ``/pay/``. Without a slash at the end: they are copied and typed."""

from django.urls import path

from payments.checkout import pages

urlpatterns = [
    path("<str:token>", pages.page, name="pay-page"),
    path("<str:token>/live", pages.live, name="pay-live"),
    path("<str:token>/choose", pages.choose, name="pay-choose"),
    path("<str:token>/details", pages.details, name="pay-details"),
    path("<str:token>/change", pages.change, name="pay-change"),
    path("<str:token>/back", pages.back, name="pay-back"),
    path("<str:token>/attempts/<int:number>", pages.attempt, name="pay-attempt"),
]
