"""CPU per call as bars, one picture for light pages and one for dark ones. The same figures give the same bytes."""

import html

WIDTH = 860
LABEL_WIDTH = 250
VALUE_WIDTH = 70
BAR = 18
GAP = 8
HEAD = 34
PANEL_GAP = 22

THEMES = {
    "light": {"text": "#1f2328", "muted": "#59636e", "own": "#0969da", "peer": "#afb8c1", "floor": "#cf222e"},
    "dark": {"text": "#f0f6fc", "muted": "#9198a1", "own": "#4493f8", "peer": "#656c76", "floor": "#f85149"},
}


def text(x, y, content, fill, size=13, anchor="start", weight="normal"):
    return (f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{html.escape(content)}</text>')


def panel(title, bars, floor, top, theme, scale):
    """Bars of (label, value, is_own); the line is the floor. Returns the elements and where they end."""
    out = [text(0, top + 16, title, theme["text"], 15, weight="bold")]
    y = top + HEAD
    for label, value, is_own in bars:
        out.append(text(LABEL_WIDTH - 10, y + 13, label, theme["text"], anchor="end"))
        out.append(f'<rect x="{LABEL_WIDTH}" y="{y:g}" width="{value * scale:.1f}" height="{BAR}" rx="2" '
                   f'fill="{theme["own" if is_own else "peer"]}"/>')
        out.append(text(LABEL_WIDTH + value * scale + 6, y + 13, f"{value:.0f} µs", theme["muted"], 12))
        y += BAR + GAP
    if floor:
        x = LABEL_WIDTH + floor * scale
        out.append(f'<line x1="{x:.1f}" y1="{top + HEAD - 4:g}" x2="{x:.1f}" y2="{y - 4:g}" stroke="{theme["floor"]}" '
                   f'stroke-width="1.5" stroke-dasharray="4 3"/>')
        out.append(text(x + 4, top + HEAD - 7, f"F {floor:.0f} µs", theme["floor"], 12))
    return out, y + PANEL_GAP


def svg(panels, theme_name):
    """Panels of (title, bars, floor)."""
    theme = THEMES[theme_name]
    largest = max([value for _, bars, _ in panels for _, value, _ in bars] or [1])
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / largest
    elements = []
    y = 0
    for title, bars, floor in panels:
        drawn, y = panel(title, bars, floor, y, theme, scale)
        elements += drawn
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" role="img" '
        f'font-family="system-ui, sans-serif">',
        "<title>CPU per call at 64 in flight, in microseconds of the gateway process</title>",
        *elements, "</svg>", ""])
