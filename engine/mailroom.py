"""The part of the front door for what people are told: read, wished for, written, and sent out of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from engine import mailing, notices, preferences, wordings
from engine.access import SYSTEM, Actor
from engine.channels import Channels
from engine.letters import Home
from engine.models import Notice
from engine.preferences import Preferences
from engine.upkeep import Upkeep
from engine.wordings import Text


class Mailroom(Upkeep):
    """Notices and messages; every method is one transaction, but `send_messages` that is many short ones."""

    channels = Channels()
    """The ways out of the house; without any nothing is ever sent."""
    home = Home()
    """Where the pages are and how they are called, for messages."""

    def read_notice(self, notice_id: UUID, *, by: Actor) -> Notice:
        """This will mark a notice of the actor as read. Raises NoticeNotFound."""
        return self.write(by, notices.read, notice_id)

    def read_notices(self, *, by: Actor) -> int:
        """This will mark all notices of the actor as read and return how many were not."""
        return self.write(by, notices.read_all)

    def set_preferences(self, values: Mapping[str, Any], *, by: Actor) -> Preferences:
        """This will keep by which ways and when the actor wants to be told. Raises PreferenceInvalid."""
        return self.write(by, preferences.keep, values)

    def ways(self, *, by: Actor) -> dict[str, bool]:
        """This will return the ways by which messages may reach the actor, and whether each needs an address."""
        return self.look(mailing.ways, self.channels, by=by)

    def send_trial(self, channel: str, *, by: Actor) -> UUID:
        """This will send the actor a trial message by one way. Raises ChannelMissing."""
        return self.write(by, mailing.try_out, self.channels, channel)

    def change_wording(self, kind: str, language: str, *, subject: str, body: str, by: Actor) -> Text:
        """This will put a text of messages in force. Raises OperatorsOnly, WordingInvalid, WordingNotFound."""
        return self.write(by, wordings.change, kind, language, subject, body)

    def reset_wording(self, kind: str, language: str, *, by: Actor) -> Text:
        """This will put the text that came with the program in force. Raises OperatorsOnly, WordingNotFound."""
        return self.write(by, wordings.reset, kind, language)

    def send_messages_again(self, batch: UUID | None = None, *, by: Actor) -> int:
        """This will send a message that was given up once more, or all. Raises SendingNotFound, SendingRuns."""
        return self.write(by, mailing.send_again, batch)

    def send_messages(self, worker: str = "engine", should_stop: Callable[[], bool] | None = None) -> int:
        """This will send all messages that are due and return how many."""
        return mailing.deliver(
            self.write,
            SYSTEM,
            self.channels,
            worker=worker,
            clock=self.clock,
            home=self.home,
            should_stop=should_stop,
        )

    def forget_messages(self) -> int:
        """This will delete notices and messages that are done and 90 days old, and return how many."""
        return self.write(SYSTEM, mailing.forget)
