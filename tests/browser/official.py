"""An official before a browser: signs in, opens a task, fills in its form by the labels, presses a button."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, TimeoutError, expect

from web.commands import demo_world

PASSWORD = demo_world.PASSWORD
EXPECTED_REFUSALS = ("status of 403", "status of 404", "status of 409", "status of 422")


class Official:
    """Somebody who works with the pages."""

    def __init__(self, address: str, context: BrowserContext, login: str) -> None:
        self.address, self.context, self.login = address, context, login
        self.faults: list[str] = []
        self.token = ""

    @property
    def is_present(self) -> bool:
        """This will tell whether a page was ever opened."""
        return bool(self.context.pages)

    @cached_property
    def page(self) -> Page:
        """The page before which the official sits."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._listen)
        return page

    def _listen(self, message: Any) -> None:
        if message.type == "error" and not any(text in message.text for text in EXPECTED_REFUSALS):
            self.faults.append(f"{self.page.url}: {message.text}")

    def sign_in(self, password: str = PASSWORD) -> None:
        """This will sign in as the page does, without a page."""
        form = {"login": self.login, "password": password, "csrf_token": self._token_of("/sign-in")}
        answer = self.context.request.post(f"{self.address}/sign-in", form=form)
        assert answer.url.endswith("/inbox"), answer.url
        self.token = self._token_of("/inbox")

    def _token_of(self, path: str) -> str:
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.read(path)[1])
        assert found is not None
        return found[1]

    def sign_in_by_page(self, password: str = PASSWORD) -> None:
        """This will sign in by the page."""
        self.page.goto(f"{self.address}/sign-in")
        self.page.get_by_role("textbox", name="账号").fill(self.login)
        self.page.get_by_role("textbox", name="密码").fill(password)
        self.page.get_by_role("button", name="登录", exact=True).click()
        self.page.wait_for_url("**/inbox*")

    def go(self, path: str) -> int:
        """This will open a page and return its status."""
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None
        return answer.status

    def read(self, path: str) -> tuple[int, str]:
        """This will return the status of a page and what the server wrote into it, without showing it."""
        answer = self.context.request.get(f"{self.address}{path}")
        return answer.status, answer.text()

    def send(self, method: str, path: str, body: Any) -> APIResponse:
        """This will send JSON as a script of a page does."""
        return self.context.request.fetch(
            f"{self.address}{path}", method=method, data=json.dumps(body),
            headers={"X-CSRFToken": self.token, "Content-Type": "application/json", "Accept": "application/json"},
        )  # fmt: skip

    def open_task(self, name: str, number: str) -> None:
        """This will open the task `name` of the case `number` from the inbox."""
        self.go(f"/inbox?q={number}")
        self.page.locator("tr[data-href]").filter(has_text=name).first.click()
        self.page.wait_for_url("**/tasks/*")
        expect(self.form.locator(".fjs-form")).to_be_visible()

    def has_task(self, number: str) -> bool:
        """This will tell whether the case stands in the inbox."""
        return "<tr data-href=" in self.read(f"/inbox?q={number}")[1]

    @property
    def form(self) -> Locator:
        """This will return the form of the page."""
        return self.page.locator("[data-form]")

    def field(self, label: str, nth: int = 0) -> Locator:
        """This will return the input that stands under `label`."""
        return self.form.get_by_label(re.compile(rf"^\s*{re.escape(label)}\*?\s*$")).nth(nth)

    def fill(self, nth: int = 0, **values: str) -> None:
        """This will type texts and dates into the fields of these labels."""
        for label, value in values.items():
            field = self.field(label, nth)
            field.fill(value)
            if "flatpickr-input" in (field.get_attribute("class") or ""):
                field.press("Enter")

    def choose(self, label: str, option: str) -> None:
        """This will choose an option of a list."""
        field = self.form.locator(".fjs-form-field").filter(has=self.page.locator("label", has_text=label)).last
        field.locator(".fjs-select-display, input").first.click()
        field.locator(".fjs-dropdownlist-item").filter(has_text=option).first.click()

    def tick(self, label: str, option: str | None = None, nth: int = 0) -> None:
        """This will tick a box, or the option of a group of options."""
        if option is None:
            self.field(label).check()
            return
        field = self.form.locator(".fjs-form-field-radio, .fjs-form-field-checklist").filter(has_text=label).nth(nth)
        field.get_by_label(option, exact=True).check()

    def pick(self, label: str, query: str, title: str) -> None:
        """This will search in a register and take the entry that shows `title`."""
        self.field(label).fill(query)
        self.page.get_by_role("option").filter(has_text=title).first.click()

    def upload(self, label: str, file: Path) -> None:
        """This will add a file to a field."""
        field = self.form.locator(".fjs-form-field").filter(has_text=label).last
        field.locator("input[type=file]").set_input_files(file)
        expect(field.locator(".sent-file:not([data-uploading])").filter(has_text=file.name)).to_be_visible()

    def press(self, button: str) -> None:
        """This will press the button that submits, and wait for the page that follows."""
        before = self.page.url
        self.page.get_by_role("button", name=button, exact=True).click()
        try:
            self.page.wait_for_url(lambda url: url != before)
        except TimeoutError as error:
            told = self.page.get_by_role("alert").all_inner_texts()
            raise AssertionError(f"{self.login} pressed {button} at {before} and stayed there: {told}") from error
