"""Handing one mail to an SMTP server (RFC 5321), with the server's own answers. No database; never call it in a transaction."""

from __future__ import annotations

import contextlib
import dataclasses
import smtplib
import ssl
from types import TracebackType
from typing import Self

from ...messages import Message
from .accounts import Account

#: Seconds that a server has for an answer.
TIMEOUT = 30.0
_LONGEST = 500
#: The server says that it closes the connection (RFC 5321 section 3.8).
_CLOSING = 421


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server said; ``code`` is 0 when it said nothing that counts."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip() if self.code else self.text


class NotSent(Exception):  # says what is so
    """The server does not have the mail.

    :param again: whether it may take it later (4xx, no connection), RFC 5321 section 4.2.1.
    """

    def __init__(self, answer: Answer, *, again: bool) -> None:
        super().__init__(str(answer))
        self.answer = answer
        self.again = again


class Uncertain(Exception):
    """The mail went over, and the connection broke before the server said that it has it: nobody knows."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


class Connection:
    """A connection to an account's server, signed in; hands over any number of mails.

    ``ended`` says that it is of no more use; ``used``, that it has handed a mail over or was told that it may not.

    :raises NotSent: when the server can't be reached, its certificate is not valid, or it refuses the sign-in.
    """

    def __init__(self, account: Account, timeout: float = TIMEOUT) -> None:
        if not account.host:
            raise NotSent(Answer(0, "No SMTP server is set: Settings > Mail."), again=False)
        self.account = account
        self.ended = self.used = False
        self._smtp: smtplib.SMTP
        try:
            self._open(timeout)
        except smtplib.SMTPResponseException as error:
            self.close()
            raise NotSent(_answer(error.smtp_code, error.smtp_error), again=error.smtp_code < 500) from error
        except ssl.SSLCertVerificationError as error:
            self.close()
            words = Message(
                "The certificate of %(host)s is not valid: %(reason)s.",
                host=account.host,
                reason=error.verify_message,
            )
            raise NotSent(Answer(0, words), again=False) from error
        except smtplib.SMTPNotSupportedError as error:
            self.close()
            words = Message(
                "%(host)s does not offer what the account asks for: %(reason)s", host=account.host, reason=error
            )
            raise NotSent(Answer(0, words), again=False) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            words = Message(
                "%(host)s:%(port)s can't be reached: %(reason)s",
                host=account.host,
                port=str(account.port),
                reason=_words(error),
            )
            raise NotSent(Answer(0, words), again=True) from error

    def _open(self, timeout: float) -> None:
        account = self.account
        domain = account.from_email.rpartition("@")[2]
        host = domain if domain and domain.isascii() else None
        if account.security == "tls":
            context = ssl.create_default_context()
            self._smtp = smtplib.SMTP_SSL(
                account.host, account.port, local_hostname=host, timeout=timeout, context=context
            )
        else:
            self._smtp = smtplib.SMTP(account.host, account.port, local_hostname=host, timeout=timeout)
        if account.security == "starttls":
            self._smtp.starttls(context=ssl.create_default_context())
        self._smtp.ehlo_or_helo_if_needed()
        if account.user:
            self._smtp.login(account.user, account.password)

    def send(self, sender: str, recipient: str, raw: bytes) -> Answer:
        """Hands over one mail; gives the server's last answer.

        :param sender: envelope sender.
        :param raw: the mail, lines ended by CRLF.
        :raises NotSent: when the server refuses it.
        :raises Uncertain: when it may have it.
        """
        plain = (sender + recipient).isascii()
        if not plain and not self._smtp.has_extn("smtputf8"):
            words = Message(
                "%(host)s takes no addresses with other than ASCII letters before the @.", host=self.account.host
            )
            raise NotSent(Answer(0, words), again=False)
        self._smtp.command_encoding = "ascii" if plain else "utf-8"
        try:
            for code, said in self._envelope(sender, recipient, plain):
                if not 200 <= code < 400:
                    self._start_anew(code)
                    raise NotSent(_answer(code, said), again=code < 500)
        except (OSError, smtplib.SMTPException) as error:
            self.ended = True
            words = Message("%(host)s ended the connection: %(reason)s", host=self.account.host, reason=_words(error))
            raise NotSent(Answer(0, words), again=True) from error
        try:
            self._smtp.send(_transparent(raw))
            code, said = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.ended = True
            words = Message("The connection broke after the mail was handed over: %(reason)s", reason=_words(error))
            raise Uncertain(Answer(0, words)) from error
        self.used = True
        if code != 250:
            self.ended = code == _CLOSING
            raise NotSent(_answer(code, said), again=code < 500)
        return _answer(code, said)

    def _start_anew(self, code: int) -> None:
        """Leaves the mail that was refused behind, so that the next one can follow."""
        self.used = True
        try:
            self.ended = code == _CLOSING or self._smtp.rset()[0] != 250
        except (OSError, smtplib.SMTPException):
            self.ended = True

    def _envelope(self, sender: str, recipient: str, plain: bool) -> list[tuple[int, bytes]]:
        options = () if plain else ("SMTPUTF8",)
        answers = [self._smtp.mail(sender, options)]
        if answers[-1][0] == 250:
            answers.append(self._smtp.rcpt(recipient))
        if answers[-1][0] in (250, 251, 252):
            answers.append(self._smtp.docmd("DATA"))
            if answers[-1][0] != 354 and answers[-1][0] < 400:
                # Neither a refusal nor the word to go on: the connection can't be trusted.
                answers[-1] = (451, answers[-1][1])
        return answers

    def alive(self) -> Answer:
        """What the server answers to a NOOP."""
        try:
            return _answer(*self._smtp.noop())
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(Answer(0, _words(error)), again=True) from error

    def close(self) -> None:
        """Ends the connection."""
        smtp = getattr(self, "_smtp", None)
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _transparent(raw: bytes) -> bytes:
    """The mail with its lines that begin with a dot doubled, and its end (RFC 5321 section 4.5.2)."""
    doubled = raw.replace(b"\n.", b"\n..")
    first = b"." if raw.startswith(b".") else b""
    return b"".join((first, doubled, b"" if raw.endswith(b"\r\n") else b"\r\n", b".\r\n"))


def _answer(code: int, said: bytes | str) -> Answer:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Answer(code, " ".join(text.split())[:_LONGEST])


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long to answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:_LONGEST] or type(error).__name__
