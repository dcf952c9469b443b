"""Every list of the admin, and a row of each: nothing is wrong with any of them, at a desk and on a phone."""

from tests.browser.conftest import Window
from tests.browser.people import Person
from tests.browser.screens import Kind
