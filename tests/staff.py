"""People of the back office, as their browsers are."""

from django.contrib.auth.models import Permission, User
from django.test import Client


def logged_in(name: str, *permissions: str) -> Client:
    """The browser of a new member of staff with these permissions, by their code names."""
    person = User.objects.create_user(name, is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return browser_of(person)


def browser_of(person: User) -> Client:
    """A browser in which this person has signed in."""
    client = Client()
    client.force_login(person)
    return client
