"""The part of the front door that knows people: who signs in, with a password or a token, who holds which role."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from engine import api_tokens, people, staffing
from engine.access import SYSTEM, Actor, require_operator
from engine.api_tokens import Grant
from engine.models import ApiToken, Person, Unit
from engine.people import Loaded
from engine.transactions import Transactions
from engine.turn import Turn

T = TypeVar("T")


class Accounts(Transactions):
    """People and their roles; every method is one transaction."""

    def actor(self, person_id: int) -> Actor:
        """This will return a person with the roles held now. Raises PersonNotFound."""
        return self.look(lambda turn: people.find_actor(turn.session, turn.directory, person_id, turn.now))

    def sign_in(self, login: str, password: str) -> Person | None:
        """This will return the active person with this password, or None."""
        return self.look(lambda turn: people.check_password(turn.session, login=login, password=password))

    def set_password(self, login: str, password: str, *, by: Actor = SYSTEM) -> Person:
        """This will set a person's password and end their sessions. Raises PersonNotFound, PersonInvalid."""
        if by.login != login:
            require_operator(by)
        return self.write(by, lambda turn: people.set_password(turn.session, login=login, password=password))

    def create_person(
        self,
        *,
        login: str,
        name: str,
        password: str,
        by: Actor,
        post: str = "",
        roles: Sequence[tuple[str, str]] = (),
        is_admin: bool = False,
    ) -> Person:
        """This will make an account with `roles` (pairs of role and unit code). Raises PersonInvalid, UnitNotFound."""
        require_operator(by)
        row = {"login": login, "name": name, "post": post, "password": password, "roles": roles, "is_admin": is_admin}
        return self._change(by, lambda turn: people.create(turn.session, row))

    def give_role(self, login: str, role: str, unit: str, *, by: Actor) -> None:
        """This will let a person hold a role in the unit with this code. Raises PersonNotFound, UnitNotFound."""
        require_operator(by)
        self._change(by, lambda turn: _change_role(turn, login, role, unit, True))

    def take_role(self, login: str, role: str, unit: str, *, by: Actor) -> None:
        """This will take a role in a unit away from a person. Raises PersonNotFound, UnitNotFound."""
        require_operator(by)
        self._change(by, lambda turn: _change_role(turn, login, role, unit, False))

    def set_active(self, login: str, is_active: bool, *, by: Actor) -> Person:
        """This will disable an account, end its sessions and void its tokens, or put it into use again, without them.

        Raises PersonNotFound.
        """
        require_operator(by)
        return self._change(by, lambda turn: _set_active(turn, login, is_active))

    def load_people(
        self, units: Sequence[Mapping[str, Any]], persons: Sequence[Mapping[str, Any]] = (), *, by: Actor = SYSTEM
    ) -> Loaded:
        """This will insert or update org units, persons and exactly their roles. Raises UnitInvalid, PersonInvalid.

        A unit: code, name, kind, parent, region. A person: login, name, post, password, is_admin and roles as pairs of
        role and unit code.
        """
        require_operator(by)
        return self._change(by, lambda turn: people.load(turn.session, units=units, persons=persons))

    def close_unit(self, code: str, *, by: Actor, into: str | None = None) -> Unit:
        """This will close a unit; its open cases and tasks go to its parent, or with its people to the unit `into`.

        Raises OperatorsOnly, UnitNotFound, UnitInvalid.
        """
        require_operator(by)
        return self._change(by, lambda turn: people.close_unit(turn.session, code=code, into=into))

    def follow_changes(self, ids: Sequence[int] | None = None) -> int:
        """This will let open tasks and cases follow changes of people and units, and return how many did.

        Every change does so by itself; the worker asks once more, a minute later, for what was opened meanwhile.
        """
        count = 0
        for change_id in self.look(staffing.pending) if ids is None else ids:
            place: staffing.Place = None
            is_first = True
            while is_first or place is not None:
                is_first = False
                followed, place = self.write(SYSTEM, staffing.follow, change_id, place)
                count += followed
        return count

    def _change(self, by: Actor, operation: Callable[[Turn], T]) -> T:
        result, ids = self.write(by, staffing.change, operation)
        self.follow_changes(ids)
        found: T = result
        return found

    def create_token(
        self, login: str, *, name: str, scopes: Collection[str], days: int = 90, by: Actor
    ) -> tuple[ApiToken, str]:
        """This will make a token for the API and return its row and the token itself, which nobody can read again.

        Raises OperatorsOnly, PersonNotFound, TokenInvalid.
        """
        require_operator(by)
        return self.write(
            by,
            lambda turn: api_tokens.create(
                turn.session, login=login, name=name, scopes=scopes, days=days, now=turn.now
            ),
        )

    def check_token(self, token: str) -> Grant | None:
        """This will return whom a token stands for and what it may do; None when it is void. Its use is noted."""
        grant = self.look(lambda turn: api_tokens.find(turn.session, token, now=turn.now))
        if grant is not None and grant.is_due(self.clock()):
            self.write(SYSTEM, lambda turn: api_tokens.note_use(turn.session, grant.token_id, now=turn.now))
        return grant

    def revoke_token(self, token_id: int, *, by: Actor) -> ApiToken:
        """This will make a token void at once. Raises OperatorsOnly, TokenNotFound."""
        require_operator(by)
        return self.write(by, lambda turn: api_tokens.revoke(turn.session, token_id, by=by, now=turn.now))


def _set_active(turn: Turn, login: str, is_active: bool) -> Person:
    person = people.set_active(turn.session, login=login, is_active=is_active)
    if not is_active:
        api_tokens.revoke_all(turn.session, person.id, by=turn.by, now=turn.now)
    return person


def _change_role(turn: Turn, login: str, role: str, unit: str, is_held: bool) -> None:
    people.change_role(turn.session, login=login, role=role, unit_code=unit, is_held=is_held)
