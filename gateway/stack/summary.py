"""What the person at the keyboard, and the program that started us, want to know."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.stack.credentials import ADMIN_USER, APPROVER_USER
from gateway.stack.private_files import write_private
from gateway.stack.second_factor import totp_uri
from gateway.stack.services import Facts

FILE_NAME: Final = "info.json"


def describe(facts: Facts, processes: Mapping[str, int]) -> dict[str, Any]:
    """The facts of a running stack.

    Args:
        facts: What it was started with.
        processes: Each service's process id.
    """
    settings, credentials = facts.settings, facts.credentials
    token = (settings.live or facts.sandbox_account).postback_token
    return {
        "api_url": f"{settings.public_url}/api/v1",
        "docs_url": f"{settings.public_url}/docs/",
        "admin_url": f"{settings.public_url}/admin/",
        "admin_user": ADMIN_USER,
        "admin_password": credentials.admin_password,
        "admin_totp_uri": totp_uri(ADMIN_USER, credentials.admin_totp_secret),
        "approver_user": APPROVER_USER,
        "approver_password": credentials.approver_password,
        "approver_totp_uri": totp_uri(APPROVER_USER, credentials.approver_totp_secret),
        "test_api_key": credentials.test_api_key,
        "live_api_key": credentials.live_api_key,
        "test_approval_key": credentials.test_approval_key,
        "live_approval_key": credentials.live_approval_key,
        "sandbox_url": facts.sandbox_url,
        "sandbox_control_key": credentials.sandbox_control_key,
        "postback_url": settings.postback_url(token),
        "database_url": facts.database_url,
        "migration_database_url": facts.migration_database_url,
        "redis_url": facts.redis_url,
        "services": dict(processes),
    }


def write_info(directory: Path, info: Mapping[str, Any]) -> None:
    """Write ``info.json``: it is there exactly while everything answers."""
    write_private(directory / FILE_NAME, json.dumps(info, indent=2) + "\n")


def is_running(directory: Path) -> bool:
    """Whether a stack on this directory answers, as far as its note says."""
    return (directory / FILE_NAME).exists()


def remove_info(directory: Path) -> None:
    """Take ``info.json`` away."""
    (directory / FILE_NAME).unlink(missing_ok=True)


def greeting(info: Mapping[str, Any], directory: Path, order_reference: str) -> str:
    """The screenful: addresses, keys and a first request that works as printed."""
    order = {
        "payment_system": "upi_l",
        "currency": "INR",
        "amount": "1000.00",
        "customer": "55",
        "reference": order_reference,
    }
    return textwrap.dedent("""
        The gateway is up.

          API            {api_url}
          Documentation  {docs_url}
          Admin          {admin_url}  ({admin_user} / {admin_password})
          Second person  who approves what the first asks for  ({approver_user} / {approver_password})
          Their codes    make code, make code WHO={approver_user}
          Sandbox        {sandbox_url}
          Postbacks to   {postback_url}
          Test API key   {test_api_key}
          Live API key   {live_api_key}
          Approvals      keys that approve withdrawals and ask for none
                         {test_approval_key}
                         {live_approval_key}
          All of this    {file}

        A first deposit:

          curl -X POST {api_url}/deposits \\
            -H 'Authorization: Bearer {test_api_key}' \\
            -H 'Idempotency-Key: {reference}' \\
            -H 'Prefer: wait=10' \\
            -H 'Content-Type: application/json' \\
            -d '{body}'

        Ctrl-C stops everything.
        """).format(
        **info,
        file=directory / FILE_NAME,
        reference=order_reference,
        body=json.dumps(order),
    )
