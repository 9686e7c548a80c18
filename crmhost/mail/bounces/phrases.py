"""What mail programs say, by what it means. Facts of their programs, gathered from real reports; blanks match one blank."""

from __future__ import annotations

import re


def any_of(*phrases: str) -> re.Pattern[str]:
    """A pattern for any of these phrases, without regard to case."""
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases), re.IGNORECASE)


_WHO = r"(?:user|recipient|mailbox|account|address|addressee|alias|local[ -]?part|mbox|username|login)"
_NAMED = r"(?: (?:name|account|address|mailbox|email|id|\(?<?[\w.+=-]{1,64}(?:@[\w.-]{1,200})?>?\)?:?)){0,3}"
_MEANT = r"(?: (?:that )?you (?:entered|typed|(?:tried|attempted|are trying) to (?:reach|contact|send to)))?"
_IS = r"[ :,]{0,2}(?:is |was |has been |are |seems to be )?(?:currently |an )?"
_NOT_THERE = (
    r"(?:unknown|not (?:be )?(?:known|found|exists?|listed|recogni[sz]ed|valid|registered|available here)|invalid|non-?existent"
    r"|do(?:es)? ?n[o'’]?t exist|no longer (?:exists?|valid|available|active|on)|(?:been )?(?:deleted|removed)"
    r"|no longer accepts? (?:mail|messages)|(?:could|can|was)(?:n't| ?not) (?:be )?(?:found|located))"
)
_UNKNOWN = (
    r"(?:unknown|no such|non-?existent|non-?existing|invalid|unrouteable|unroutable|illegal|bad destination|incorrect)"
)
_SORT = r"(?:(?:local|virtual|e-?mail|mail|destination|final|recipient|rcpt) )?"
_WHOM = r"(?:user|recipients?|address|addressee|mailbox|account|alias|local[ -]?part|person|name|domain user|mail drop|rcpt)\b"

#: Nobody has this mailbox.
UNKNOWN_USER = any_of(
    _WHO + _NAMED + _MEANT + _IS + _NOT_THERE,
    _UNKNOWN + r" (?:or \w+ )?" + _SORT + _WHOM,
    r"not (?:a )?(?:valid|known|our|found) (?:e-?mail )?(?:user|recipient|mailbox|account|address|customer)",
    r"(?:can(?:'t|not)|could(?:n't| not)|unable to|did(?:n't| not)) (?:find|verify|locate|lookup) (?:\w+ ){0,3}"
    r"(?:user|recipient|mailbox|account|address|e-?mail)",
    r"(?:do(?:es)?(?: not|n.?t) have|has no|have no|there is no|no) (?:an? |the |any )?(?:[\w.!-]{1,40} )?"
    r"(?:account|mailbox|such (?:user|person|account|address|mailbox|recipient)"
    r"|(?:recipient|user) here|(?:one|user) by that name)",
    r"invalid (?:final delivery )?user ?id",
    r"unknown ?user|user ?unknown|user ?not ?found|recip(?:ient)? ?not ?found|invalid ?recipient|no valid recipients",
    r"no longer (?:works?|employed|with|at|here)|(?:user|recipient|mailbox|account) has (?:left|moved)",
    r"not listed in (?:\w+ ){0,4}(?:directory|address book|domino)|(?:recipient|name) is not recogni[sz]ed",
    # Servers of one large provider say these where the mailbox is not there.
    r"recipient address rejected: access denied|action not taken: mailbox unavailable",
    r"\b(?:destinataire|adresse|utilisateur|bo[îi]te)\b[^\n]{0,80}\b(?:inconnue?|n'existe)",
    r"\b(?:empf[äa]nger|adresse|benutzer|postfach|mailbox)\b[^\n]{0,80}\b"
    r"(?:unbekannt|nicht (?:bekannt|gefunden|vorhanden)|existiert nicht)",
    r"\bunbekannte[rs]? (?:empf[äa]nger|adresse|benutzer)",
    r"\b(?:usuario|destinatario|direcci[óo]n)\b[^\n]{0,80}\b(?:no existe|desconocid[oa])",
    r"\b(?:utente|destinatario|casella)\b[^\n]{0,80}\b(?:sconosciut[oa]|inesistente|non esiste)",
    r"\busu[áa]rio\b[^\n]{0,80}\b(?:inexistente|n[ãa]o existe)",
    r"ユーザ[^。]{0,100}(?:存在|見つかり)|宛先[^。]{0,20}(?:存在|見つかり|不明)|リストにありません",
    r"(?:用户|收件人)[^。]{0,20}不存在|пользовател[ья] (?:не|с таким)|нет такого (?:пользователя|ящика)",
)
#: Said right beside such a phrase: the mailbox is there, or it isn't about the mailbox.
ANOTHER_REASON = any_of(
    r"(?:mail ?box|quota|storage|disk|inbox|mbox|account|user)\b[^\n]{0,40}\b(?:full|exceed\w*|over ?quota|over limit|out of)",
    r"over ?quota|quota exceeded|insufficient (?:system )?storage|not enough space|exceeded storage",
    r"(?:unknown|invalid|bad) sender|of sender address|unknown address error|return address",
    r"sender (?:address )?(?:rejected|unknown|verify failed|denied|does|is|was|not)",
    r"(?:client|host|sending|ip)\b[^\n]{0,60}\b(?:blocked|blacklisted|block list|listed (?:at|by|in)|denied|rejected)",
    r"spam|blacklist|blocklist|\bpolicy\b|\bvirus\b|relay(?:ing)? (?:denied|not|access)|too (?:large|big|many)",
)
#: Who writes reports of delivery.
DAEMON = any_of(
    r"\bmail(?:er)?[ _.-]?daemon|\bpostmaster|\bmail[ ._-]?(?:delivery|er)[ _.-]?(?:sub)?system|\bmailer@|\bbounced?s?@",
    r"\bmdaemon|\bmmdf|\bmail[ -]?administrator|\bdelivery[ -](?:sub)?system|\bsmtpd?[ -]?(?:server|gateway)",
    r"\bsystem administrator",
)
#: Subjects of reports.
FAILED_SUBJECT = any_of(
    r"undeliv|not (?:be )?deliver|non-? ?deliver|returned? (?:mail|to sender|message)|mail returned",
    r"delivery (?:status|fail|has failed|error|problem|report|notif|unsuccess|has been delayed|delayed|incomplete)",
    r"failed? (?:mail|deliver|message)|(?:mail|message|e-?mail)(?: system)? (?:error|fail|delivery|could not)",
    r"failure (?:notice|delivery|notification|report)|could ?n[o']t (?:be )?(?:deliver|send)",
    r"(?:unable|impossible) to (?:deliver|send)",
    r"(?:unknown|invalid|bad|no such) (?:user|recipient|address)",
    r"(?:user|address) unknown|address not found|rejected|mailbox (?:is )?full",
    r"notification d.[ée]tat|warning: (?:could not|message)|message status|(?:dsn|ndn|bounce)\b|non remis|impossible de remettre",
    r"zustell|unzustellbar|non consegn|mancata consegna|no (?:se )?(?:ha )?(?:podido|puede) entregar|devuelt|nie dostarczon",
    r"не (?:доставлен|удалось)|недостав|配信|送信|エラー|戻|退信|未送達|无法投递",
    r"not (?:are )?(?:a )?member|you .{1,200} (?:are|is) not",
)
#: Sentences of reports.
FAILED = any_of(
    r"(?:not|n't|unable to|failed to|cannot) (?:be )?deliver|(?:was|were|is|been) (?:not |un)(?:able to be )?deliver",
    r"undeliverable",
    r"delivery (?:to .{1,200} )?(?:has )?(?:fail|been delayed)|delivery problems",
    r"mail delivery|permanent (?:fatal )?error|fatal errors?",
    r"failed (?:permanently|address)|following (?:address|recipient)|returned to (?:you|the sender)|returned mail|bounced",
    r"(?:not|n't) reach|rejected|unknown user|user unknown|transcript of session|(?:not|n't) (?:a )?members? of",
)
#: A report that delivery takes longer, no failure yet.
DELAYED = any_of(
    r"\bdelay(?:ed)?\b|warning message only|will (?:be retri|keep trying|continue to|try)|do not need to resend",
    r"\bhas not (?:yet )?been delivered|\bnot yet\b|temporary failure",
)
#: A line before the mail that is sent back.
ORIGINAL = re.compile(
    r"[ \t>*-]{0,12}(?:"
    + "|".join(
        (
            r"-{2,}|original (?:message|mail|header)|received:|return-path:|message-id:",
            r"(?:this is a |below is a )?cop(?:y|ies) of (?:the|your)|message headers? follow",
            r"(?:the )?(?:header|message)s? of the (?:original|unsent)|headers? (?:of|from) (?:the |your )?(?:original|message)",
            r"(?:unsent|returned|undelivered|your) (?:message|mail)(?: header)?s?(?: (?:is|are|follow|below|appears)|:)",
        )
    )
    + ")",
    re.IGNORECASE,
)
#: What subjects of machines that answer begin with.
AUTO_REPLY = re.compile(
    r"\W{0,3}(?:"
    + "|".join(
        (
            r"auto(?:matic|mated|matisch\w*|mati\w*)?[ :._-]{0,3}(?:re(?:ply|sponse|sponder|turn)|antwort\w*|r[ée]pon\w*|answer)",
            r"autosvar|automatisch antwoord|r[ée]ponse auto|respuesta autom|risposta automatica|resposta autom|odpowied[zź] auto",
            r"(?:sent )?out[ -]of[ -](?:the[ -])?office|ooo\b|o\.o\.o|on vacation\b|away (?:from|until|message)",
            r"i(?:'| a)m (?:out|away|on)\b|on (?:annual|maternity|sick|parental) leave|en cong[ée]",
            # Words that people begin subjects with too.
            r"(?:vacation|absence|absent|urlaub|leave)(?:\s?[:!.-]|\s?\Z| (?:auto|re\b|notice|reply|response|message))",
            r"abwesen\w*|nicht im b[üu]ro|im urlaub|fuera de (?:la )?oficina|fuori (?:sede|ufficio)|afwezig|frånvar\w*|fravær",
            r"автоответ|автоматический ответ|自動応答|自動返信|自动回复|自動回覆|不在",
        )
    )
    + ")",
    re.IGNORECASE,
)
#: What subjects of complaints begin with that came before the standard.
COMPLAINT = re.compile(
    r"(?:complaint (?:about message )?from|spam report|abuse report|email feedback report|feedback loop|reported as spam)",
    re.IGNORECASE,
)
