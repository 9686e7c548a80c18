"""Colours of pages, each ink on its ground tried once: whatever wears the same colours in the same size can be read as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import with_axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: The rules of axe that look at colours.
RULES = ("color-contrast", "link-in-text-block")
#: The option with which axe leaves them out.
COLOURLESS = {name: {"enabled": False} for name in RULES}
#: Elements of one look that are tried on a page; one that is covered by something else can't be judged.
EACH = 2

#: Tries the looks that are not known yet; gives those that can be read now, and what breaks a rule.
#:
#: A look is the colour and size of a text, whether it can be used, how a link among other words differs from them, and the
#: grounds below it up to the page. What leaves its place may lie on another ground than that of the elements around it, so that
#: its classes count too.
_TRY = """async ([known, rules, each]) => {
    const clear = /^(transparent|rgba\\(0, 0, 0, 0\\))$/;
    const grounds = new Map();
    const ground = (element) => {
        if (!element) return "";
        if (!grounds.has(element)) {
            const { backgroundColor, backgroundImage, opacity, position, filter } = getComputedStyle(element);
            const own = [
                clear.test(backgroundColor) ? "" : backgroundColor,
                backgroundImage === "none" ? "" : backgroundImage,
                opacity === "1" ? "" : opacity,
                filter === "none" ? "" : filter,
                /static|relative/.test(position) ? "" : `${position} ${element.className}`,
            ].join(";");
            grounds.set(element, (own === ";;;;" ? "" : own + "<") + ground(element.parentElement));
        }
        return grounds.get(element);
    };
    // A link stands among other words, or alone: there it need not be told from them.
    const among = (link) => {
        let block = link.parentElement;
        while (getComputedStyle(block).display === "inline") block = block.parentElement;
        const { textDecorationLine, borderBottomStyle, fontWeight, color } = getComputedStyle(link);
        const alone = block.textContent.trim() === link.textContent.trim();
        return alone ? "" : [textDecorationLine, borderBottomStyle, fontWeight, color, getComputedStyle(block).color].join();
    };
    const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    // A number of 53 bits stands for the words of a look: those of all pages are sent to each.
    const short = (words) => {
        let high = 0xdeadbeef, low = 0x41c6ce57;
        for (let at = 0; at < words.length; at += 1) {
            const code = words.charCodeAt(at);
            high = Math.imul(high ^ code, 2654435761);
            low = Math.imul(low ^ code, 1597334677);
        }
        high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
        low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
        return 4294967296 * (2097151 & low) + (high >>> 0);
    };
    const look = (element) => {
        const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
        const link = element.closest("a");
        const off = element.closest(":disabled, [aria-disabled=true]") ? "off" : "";
        return short([scheme, color, fontSize, fontWeight, textShadow, link ? among(link) : "", off, ground(element)].join("|"));
    };
    const worn = (element) => element.matches("a, input, textarea, select")
        || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const seen = new Set(known.split(" ").map(Number)), fresh = new Map(), looks = new Map();
    for (const element of document.body.querySelectorAll("*")) {
        if (!worn(element) || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const its = look(element);
        const others = looks.get(its) ?? [];
        if (seen.has(its) || others.length === each) continue;
        looks.set(its, [...others, element]);
        fresh.set(element, its);
    }
    if (!fresh.size) return [[], []];
    const options = { runOnly: rules, resultTypes: ["violations", "passes"], iframes: false, elementRef: true };
    const told = await axe.run({ include: [...fresh.keys()] }, options);
    const judged = told.passes.flatMap((rule) => rule.nodes.map((node) => fresh.get(node.element))).filter(Boolean);
    const wrong = told.violations.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html, node.failureSummary ?? ""]));
    return [[...new Set(judged)], wrong];
}"""


def unreadable(page: Page, known: set[int]) -> list[tuple[str, str, str]]:
    """What can't be read on the page as it is shown now: (rule, HTML, what is wrong).

    :param known: looks that were found to be well, which are not tried again; what is found is added.
    """
    # As one text: hundreds of numbers would be wrapped one by one on their way to the browser.
    judged, wrong = with_axe(page, _TRY, [" ".join(map(str, known)), RULES, EACH])
    known.update(judged)
    return [tuple(one) for one in wrong]
