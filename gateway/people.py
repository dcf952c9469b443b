"""Who somebody is, and what they may do: asked of the database anew, whatever was loaded of them before."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AbstractUser
from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.http import HttpRequest


def check_permission(by: AbstractBaseUser, *permissions: str, lock: bool) -> AbstractUser:
    """The person as they are now; refuse who is not of the staff, or has none of these permissions.

    Looked up anew: since the person was last looked at, at a prompt that waited or for a lock, they may have been
    deactivated or have lost the permission.

    Args:
        by: who wants to do something.
        permissions: any of which lets them.
        lock: hold the person until the transaction ends, so that what they do and the end of their rights come one
            after the other. Called then before anything else is locked. Without it nothing is waited for: for what
            stops something, only looks, or is undone by anybody at once.

    Raises:
        PermissionDenied: with a sentence that names the permissions.
    """
    people = get_user_model().objects.filter(pk=by.pk)
    if lock:
        people = people.select_for_update(of=("self",), no_key=True)
    now = people.first()
    if now is None or not (now.is_active and now.is_staff and any(now.has_perm(one) for one in permissions)):
        raise PermissionDenied(
            f"{by.get_username()} may not do this: it takes the permission {' or '.join(permissions)}."
        )
    return now


def person_of(request: HttpRequest) -> AbstractUser:
    """Who sits at a page of the admin."""
    assert isinstance(request.user, AbstractUser), "the admin lets nobody else in"
    return request.user


def named_staff(username: str) -> AbstractUser:
    """Whom ``--by`` of a command names as the one who decided: named, and not asked for a password.

    Such commands are for nights on which something has to stop at once, and let it go on afterwards. One person may do
    all of it in the admin, it is written down who did, and whoever has a shell here can read every setting anyway. What
    takes two persons asks each for a password (`balances.signing_in`), or one at a shell would be both.

    Raises:
        CommandError: it is nobody who may come into the admin.
    """
    person = get_user_model().objects.filter(username=username, is_active=True, is_staff=True).first()
    if person is None:
        raise CommandError(f"{username!r} is nobody of the staff.")
    return person
