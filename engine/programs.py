"""The part of the front door for programs elsewhere: requests that count once, and webhooks that tell what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from engine import idempotency, webhooks
from engine.access import SYSTEM, Actor
from engine.accounts import Accounts
from engine.idempotency import Answered, Asked
from engine.models import Webhook, WebhookDelivery


class Programs(Accounts):
    """Requests that are sent twice, and webhooks; every method is one transaction."""

    webhook_hosts: Collection[str] = frozenset()
    """Hosts inside the network (host or host:port) that webhooks may tell, by http too."""

    def once(self, asked: Asked, act: Callable[[], Answered]) -> Answered:
        """This will call `act` in one transaction with the keeping of its answer, or return the answer kept before.

        Whatever `act` asks of this engine in its thread belongs to that transaction. Answers are kept for 24 hours.
        An exception of `act` undoes all and keeps nothing. Raises KeyReused, StillRunning.
        """
        with self._sessions.together() as session:
            return idempotency.once(session, asked, act, now=self.clock())

    def create_webhook(
        self,
        *,
        name: str,
        url: str,
        by: Actor,
        kinds: Collection[str] = (),
        app: str = "",
        process_id: str = "",
        secret: str = "",
    ) -> Webhook:
        """This will let `url` be told of events of these kinds (none: of all); without a secret it gets one.

        Raises OperatorsOnly, WebhookInvalid, AddressRefused, SecretInvalid.
        """
        values = {"name": name, "url": url, "kinds": kinds, "app": app, "process_id": process_id, "secret": secret}
        return self.write(by, webhooks.create, values, self.webhook_hosts)

    def change_webhook(self, webhook_id: int, *, by: Actor, **values: Any) -> Webhook:
        """This will change name, url, kinds, app, process_id, secret or is_active. Raises as `create_webhook`."""
        return self.write(by, webhooks.change, webhook_id, values, self.webhook_hosts)

    def remove_webhook(self, webhook_id: int, *, by: Actor) -> None:
        """This will delete a webhook with all its deliveries. Raises OperatorsOnly, WebhookNotFound."""
        self.write(by, webhooks.remove, webhook_id)

    def ping_webhook(self, webhook_id: int, *, by: Actor) -> UUID:
        """This will send a message that says nothing and return its id. Raises OperatorsOnly, WebhookNotFound."""
        return self.write(by, webhooks.ping, webhook_id)

    def send_again(self, delivery_id: UUID, *, by: Actor) -> WebhookDelivery:
        """This will send a message once more, under the same id. Raises DeliveryNotFound, StillWaiting."""
        return self.write(by, webhooks.send_again, delivery_id)

    def send_failed_again(self, webhook_id: int, *, by: Actor) -> int:
        """This will send all failed messages of a webhook once more and return how many. Raises WebhookNotFound."""
        return self.write(by, webhooks.send_failed_again, webhook_id)

    def deliver_webhooks(self, worker: str = "engine", should_stop: Callable[[], bool] | None = None) -> int:
        """This will send all messages of webhooks that are due, and return how many."""
        return webhooks.deliver(
            self.write,
            SYSTEM,
            worker=worker,
            clock=self.clock,
            allowed=self.webhook_hosts,
            should_stop=should_stop,
        )

    def forget_programs(self) -> int:
        """This will delete answers after 24 hours and deliveries after 30 days, and return how many."""
        answers = self.write(SYSTEM, lambda turn: idempotency.forget(turn.session, now=turn.now))
        return answers + self.write(SYSTEM, webhooks.forget)
