"""The one stylesheet of the notebook room: scoped to our own classes, following Jupyter's theme."""

from __future__ import annotations

#: For the status of a running job, wherever it stands.
STATUS_STYLE = """
.ltxv-status{align-items:center;gap:4px 12px;flex-flow:row wrap;
 max-width:min(720px,calc(100% - 20px));overflow:visible;
 font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;color:var(--jp-ui-font-color1,#222)}
.ltxv-status .widget-html,.ltxv-status .widget-html-content
{margin:0;height:auto;line-height:24px;font-size:13px}
.ltxv-looks{display:none!important}
.ltxv-state b{font-weight:600}
.ltxv-dot{display:inline-block;width:8px;height:8px;margin-right:8px;border-radius:50%;
 background:var(--jp-brand-color1,#1976d2)}
.ltxv-dot-trouble{background:var(--jp-warn-color1,#b26a00)}
.ltxv-dot-stopped{background:var(--jp-ui-font-color3,#888)}
.ltxv-dot-failed{background:var(--jp-error-color1,#c62828)}
.ltxv-dot-done{background:var(--jp-success-color1,#2e7d32)}
@media (prefers-reduced-motion:no-preference)
{.ltxv-dot-running{animation:ltxv-pulse 1.6s ease-in-out infinite}}
@keyframes ltxv-pulse{50%{opacity:.35}}
.ltxv-meter progress{width:180px;height:8px;vertical-align:middle;margin-right:10px;
 accent-color:var(--jp-brand-color1,#1976d2)}
.ltxv-meter span{font-variant-numeric:tabular-nums;color:var(--jp-ui-font-color1,#333)}
.ltxv-status .ltxv-stop{width:auto;padding:0 10px;margin:0}
.ltxv-status .ltxv-stage{flex:1 1 100%;max-width:100%}
.ltxv-stage>.widget-html-content>div{display:flex;align-items:center;justify-content:center;aspect-ratio:16/9;
 box-sizing:border-box;padding:8%;border-radius:6px;text-align:center;font-style:italic;font-size:14px;
 color:var(--jp-ui-font-color2,#666);background:var(--jp-layout-color2,#eee)}
.ltxv-stage span{display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
.ltxv-status .ltxv-outcome{flex:1 1 100%;max-width:100%}
"""

_ALIVE = ".jp-OutputArea-child:has(.ltxv-status)"
_DEAD = ".jp-OutputArea-child:not(:has(.ltxv-status))"
_NEXT = "+.jp-OutputArea-child"

#: For JupyterLab and Notebook 7, where a status whose kernel is gone leaves a bare text node behind: hide
#: what stands in for the clip while the status lives, and put it in the place of a dead status.
PENDING_STYLE = f"""
{_ALIVE}{_NEXT}:has(.ltxv-pending){{display:none}}
{_DEAD}:has({_NEXT} .ltxv-pending){{display:none}}
{_DEAD}{_NEXT} .ltxv-pending video{{display:block!important}}
"""


def style_tag(rules: str) -> str:
    """Return rules as a ``style`` element, in one line."""
    return f"<style>{''.join(line.strip() for line in rules.splitlines())}</style>"
