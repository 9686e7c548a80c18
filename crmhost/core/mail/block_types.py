"""The types of blocks that the core brings. Values come escaped or harmless, see :class:`crmhost.contributions.MailBlock`."""

from __future__ import annotations

from collections.abc import Mapping

from ...contributions import BlockField, MailBlock
from ...messages import Message

#: Who may write HTML into blocks.
HTML = "mail.html"
_ALIGN = (("left", Message("Left")), ("center", Message("Middle")), ("right", Message("Right")))
_NETWORKS = (
    ("web", Message("Website")),
    ("facebook", "Facebook"),
    ("instagram", "Instagram"),
    ("linkedin", "LinkedIn"),
    ("youtube", "YouTube"),
)


def _align(default: str = "left") -> BlockField:
    return BlockField(name="align", label="Alignment", kind="choice", choices=_ALIGN, default=default)


def _heading(values: Mapping[str, str]) -> str:
    level = values["level"]
    return (
        f'<mj-text align="{values["align"]}"><h{level}>{values["text"]}</h{level}></mj-text>' if values["text"] else ""
    )


def _text(values: Mapping[str, str]) -> str:
    return f"<mj-text>{values['text']}</mj-text>" if values["text"] else ""


def _picture(values: Mapping[str, str]) -> str:
    if not values["src"]:
        return ""
    link = f' href="{values["href"]}"' if values["href"] else ""
    return (
        f'<mj-image src="{values["src"]}" alt="{values["alt"]}" align="{values["align"]}" width="{values["width"]}px"'
        f' padding="8px 24px"{link} />'
    )


def _button(values: Mapping[str, str]) -> str:
    if not values["text"] or not values["href"]:
        return ""
    return (
        f'<mj-button href="{values["href"]}" align="{values["align"]}" background-color="{values["accent"]}"'
        f' color="{values["on_accent"]}" font-size="16px" font-weight="bold" inner-padding="12px 22px" border-radius="6px"'
        f' padding="12px 24px" css-class="press">{values["text"]}</mj-button>'
    )


def _divider(_values: Mapping[str, str]) -> str:
    return '<mj-divider border-width="1px" border-color="#d0d7de" padding="12px 24px" />'


def _spacer(values: Mapping[str, str]) -> str:
    return f'<mj-spacer height="{values["height"]}px" />'


def _footer(values: Mapping[str, str]) -> str:
    links = [f'<a href="{values[name]}">{label}</a>' for name, label in _NETWORKS if values[name]]
    lines = [" · ".join(links)] if links else []
    lines += [values["text"]] if values["text"] else []
    lines += ["{{ site.name }}<br>{{ site.address }}"] if values["address"] else []
    lines.append("{{ unsubscribe.line }}")
    inner = "".join(f"<p>{line}</p>" for line in lines)
    return f'<mj-text align="center" font-size="13px" color="#57606a" css-class="quiet">{inner}</mj-text>'


def _html(values: Mapping[str, str]) -> str:
    return f"<mj-text>{values['html']}</mj-text>" if values["html"] else ""


TYPES: tuple[MailBlock, ...] = (
    MailBlock(
        name="heading",
        label="Heading",
        icon="heading",
        mjml=_heading,
        fields=(
            BlockField(name="text", label="Text", required=True),
            BlockField(
                name="level",
                label="Size",
                kind="choice",
                choices=(("1", Message("Large")), ("2", Message("Middle")), ("3", Message("Small"))),
                default="1",
            ),
            _align(),
        ),
        order=10,
    ),
    MailBlock(
        name="text",
        label="Text",
        icon="align-left",
        mjml=_text,
        fields=(BlockField(name="text", label="Text", kind="rich"),),
        order=20,
    ),
    MailBlock(
        name="picture",
        label="Picture",
        icon="photo",
        mjml=_picture,
        fields=(
            BlockField(name="src", label="Picture", kind="picture", required=True),
            BlockField(
                name="alt",
                label="Description",
                required=True,
                help="Read aloud, and shown where pictures are not.",
            ),
            BlockField(name="href", label="Leads to", kind="address"),
            BlockField(name="width", label="Width in pixels", kind="number", default=552, least=16, most=600),
            _align("center"),
        ),
        order=30,
    ),
    MailBlock(
        name="button",
        label="Button",
        icon="rectangle",
        mjml=_button,
        fields=(
            BlockField(name="text", label="Text on the button", required=True),
            BlockField(name="href", label="Address", kind="address", required=True),
            _align(),
        ),
        order=40,
    ),
    MailBlock(name="divider", label="Divider", icon="separator-horizontal", mjml=_divider, order=50),
    MailBlock(
        name="spacer",
        label="Empty space",
        icon="arrow-autofit-height",
        mjml=_spacer,
        fields=(BlockField(name="height", label="Height in pixels", kind="number", default=24, least=4, most=200),),
        order=60,
    ),
    MailBlock(
        name="footer",
        label="Footer",
        icon="layout-bottombar",
        mjml=_footer,
        fields=(
            BlockField(
                name="text", label="Text", help="Above it the links that you give, below it the line to unsubscribe."
            ),
            BlockField(name="address", label="Name and address of the company", kind="switch", default=True),
            *(BlockField(name=name, label=label, kind="address") for name, label in _NETWORKS),
        ),
        order=70,
    ),
    MailBlock(
        name="html",
        label="HTML",
        icon="code",
        mjml=_html,
        fields=(BlockField(name="html", label="HTML", kind="html", required=True),),
        permission=HTML,
        order=80,
    ),
)
