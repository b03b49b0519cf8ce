"""The stylesheets of status, panel and gallery: scoped to our own classes, following Jupyter's theme."""

from __future__ import annotations

_TEXT = "var(--jp-ui-font-color1,#222)"
_SOFT = "var(--jp-ui-font-color2,#555)"
_LINE = "var(--jp-border-color2,#d0d0d0)"
_BACK = "var(--jp-layout-color1,#fff)"
_RAISED = "var(--jp-layout-color2,#f3f3f3)"
_BRAND = "var(--jp-brand-color1,#1565c0)"
_BAD = "var(--jp-error-color1,#c62828)"
_MONO = "var(--jp-code-font-family,ui-monospace,monospace)"

#: What panel and gallery have in common.
BASE_STYLE = f"""
.ltxv-ui{{max-width:1040px;container-type:inline-size;overflow:visible;color:{_TEXT};
 font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px}}
.ltxv-ui .widget-html,.ltxv-ui .widget-html-content{{height:auto;line-height:1.45;font-size:13px;margin:0;
 color:{_TEXT}}}
.ltxv-ui .widget-box,.ltxv-ui .widget-vbox,.ltxv-ui .widget-hbox{{overflow:visible;margin:0}}
.ltxv-ui .jupyter-widgets.ltxv-style{{display:none}}
.ltxv-ui .ltxv-card{{border:1px solid {_LINE};border-radius:10px;padding:16px;gap:12px;background:{_BACK}}}
.ltxv-head{{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline}}
.ltxv-head b{{font-size:16px;font-weight:600}}
.ltxv-badge{{padding:1px 9px;border-radius:10px;border:1px solid {_LINE};background:{_RAISED};font-size:12px}}
.ltxv-badge-paid{{border-color:{_BRAND};font-weight:600}}
.ltxv-hint{{color:{_SOFT}}}
.ltxv-ui .ltxv-field{{display:flex;flex-direction:column;align-items:stretch;width:auto;height:auto;
 margin:0;gap:3px;min-width:0}}
.ltxv-ui .ltxv-field>.widget-label{{width:auto;max-width:none;text-align:left;font-size:12px;
 font-weight:600;line-height:16px;height:16px;color:{_SOFT};margin:0;padding:0}}
.ltxv-ui .ltxv-field>select,.ltxv-ui .ltxv-field>input,.ltxv-ui .ltxv-field>textarea{{width:100%;
 flex:none;min-width:0;margin:0;border-radius:6px;box-sizing:border-box;font-size:13px;
 font-family:inherit;color:{_TEXT};background-color:{_BACK};
 border:1px solid var(--jp-border-color1,#999)}}
.ltxv-ui .ltxv-field>select,.ltxv-ui .ltxv-field>input{{height:32px;padding:0 8px}}
.ltxv-ui .ltxv-field>select{{appearance:none;padding-right:21px;background-repeat:no-repeat;
 background-image:linear-gradient(45deg,transparent 50%,currentColor 50%),
 linear-gradient(135deg,currentColor 50%,transparent 50%);
 background-size:5px 5px;background-position:right 13px center,right 8px center}}
.ltxv-ui .ltxv-field>textarea{{min-height:72px;padding:8px 10px;line-height:1.45;resize:vertical;
 font-size:14px}}
.ltxv-ui :is(select,input,textarea,button,pre,summary,a):focus-visible{{outline-offset:1px;
 outline:2px solid {_BRAND}!important}}
.ltxv-ui .ltxv-field.ltxv-area{{grid-column:span 2}}
.ltxv-ui .ltxv-field.ltxv-area>textarea{{min-height:48px;font-size:13px}}
.ltxv-ui .ltxv-models{{gap:8px}}
.ltxv-ui .ltxv-model{{display:flex;flex-flow:row wrap;gap:12px;align-items:flex-end}}
.ltxv-ui .ltxv-model>.ltxv-field{{flex:1 1 180px}}
.ltxv-ui .ltxv-more.mod-active,.ltxv-ui .ltxv-find-model.mod-active{{background:{_RAISED};color:{_TEXT};
 box-shadow:inset 0 0 0 2px {_BRAND}}}
@container (max-width:340px){{.ltxv-ui .ltxv-field.ltxv-area{{grid-column:auto}}}}
.ltxv-ui .ltxv-fields{{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(136px,1fr))}}
.ltxv-ui .ltxv-image{{display:flex;flex-flow:row wrap;gap:12px;align-items:flex-end}}
.ltxv-ui .ltxv-image>.ltxv-field{{flex:0 1 220px}}
.ltxv-ui .ltxv-image>.ltxv-field+.ltxv-field{{flex:1 1 260px}}
.ltxv-ui .ltxv-image>.ltxv-limit{{padding-bottom:6px}}
.ltxv-ui .ltxv-thumb img{{display:block;height:72px;max-width:160px;object-fit:cover;border-radius:6px;
 background:{_RAISED}}}
.ltxv-ui .jupyter-button{{border-radius:6px;width:auto;height:30px;line-height:30px;padding:0 12px;margin:0;
 flex:none}}
.ltxv-ui .ltxv-as-cell.mod-active{{background:{_RAISED};color:{_TEXT};box-shadow:inset 0 0 0 2px {_BRAND}}}
.ltxv-ui .ltxv-row{{display:flex;flex-flow:row wrap;gap:8px 12px;align-items:center}}
.ltxv-ui .ltxv-row>.ltxv-message{{flex:1 1 240px;min-width:0}}
.ltxv-ui .ltxv-generate{{height:36px;line-height:36px;padding:0 22px;font-size:14px;font-weight:600;
 background:#1565c0;color:#fff}}
.ltxv-ui .ltxv-generate:hover:enabled{{background:#0d47a1;color:#fff}}
.ltxv-ui .ltxv-generate:disabled{{background:{_RAISED};color:{_SOFT};opacity:1}}
.ltxv-message [data-tone=bad]{{color:{_BAD}}}
.ltxv-message [data-tone=ask]{{font-weight:600}}
.ltxv-spin{{display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:50%;
 border:2px solid {_BRAND};border-right-color:transparent}}
@media (prefers-reduced-motion:no-preference){{.ltxv-spin{{animation:ltxv-turn .8s linear infinite}}}}
@keyframes ltxv-turn{{to{{transform:rotate(360deg)}}}}
.ltxv-codes{{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr))}}
.ltxv-code{{position:relative;min-width:0}}
.ltxv-code-title{{font-size:12px;font-weight:600;color:{_SOFT};margin-bottom:3px}}
.ltxv-ui .ltxv-code pre{{margin:0;padding:10px 70px 10px 12px;border-radius:6px;background:{_RAISED};
 border:1px solid {_LINE};color:{_TEXT};font:12px/1.5 {_MONO};white-space:pre-wrap;overflow-wrap:anywhere;
 word-break:normal}}
.ltxv-ui .ltxv-copy{{font:12px var(--jp-ui-font-family,system-ui,sans-serif);cursor:pointer;padding:3px 9px;
 border-radius:5px;border:1px solid {_LINE};background:{_BACK};color:{_TEXT}}}
.ltxv-code .ltxv-copy{{position:absolute;right:7px;top:25px}}
.ltxv-ui .ltxv-copy:hover{{border-color:{_BRAND}}}
"""

#: A finished clip with its facts beside it, below it where the page is narrow.
CLIP_STYLE = """
.ltxv-ui .ltxv-done .ltxv-clip{display:grid;max-width:none!important;margin:0!important;gap:0 16px;
 grid-template-columns:minmax(0,3fr) minmax(0,2fr);align-items:start}
.ltxv-ui .ltxv-done .ltxv-clip>div:last-child{margin:0!important;overflow-wrap:anywhere}
.ltxv-ui .ltxv-done .ltxv-note{max-width:none!important;margin:0!important}
.ltxv-ui .jp-OutputArea-output,.ltxv-ui .jp-OutputArea-child{padding:0;margin:0;overflow:visible}
.ltxv-ui .jp-OutputArea-prompt,.ltxv-ui .jp-OutputPrompt{display:none}
.ltxv-ui .ltxv-done .jp-OutputArea{overflow:visible}
@container (max-width:640px){
.ltxv-ui .ltxv-done .ltxv-clip{grid-template-columns:minmax(0,1fr)}
.ltxv-ui .ltxv-done .ltxv-clip>div:last-child{margin-top:8px!important}
}
"""

#: For the rows of jobs below the form: while a job runs, and when its clip has come, at the same place.
JOB_STYLE = f"""
.ltxv-ui .widget-vbox.ltxv-jobs{{gap:12px;margin-top:12px}}
.ltxv-ui .ltxv-job{{border:1px solid {_LINE};border-radius:10px;padding:12px;gap:10px;background:{_BACK};
content-visibility:auto;contain-intrinsic-size:auto none auto 160px}}
.ltxv-ui .ltxv-job .ltxv-status{{display:grid;max-width:none;padding:0;gap:4px 16px;align-content:start;
 grid-template-columns:minmax(0,3fr) minmax(0,2fr);grid-template-rows:auto auto auto auto 1fr}}
.ltxv-ui .ltxv-job .ltxv-placeholder{{grid-row:1/6;min-width:0}}
.ltxv-ui .ltxv-job .ltxv-status>:not(.ltxv-placeholder){{grid-column:2;justify-self:start;max-width:100%}}
.ltxv-ui .ltxv-job .ltxv-status>.ltxv-meter{{justify-self:stretch;width:auto}}
@container (max-width:640px){{
.ltxv-ui .ltxv-job .ltxv-status{{grid-template-columns:minmax(0,1fr)}}
.ltxv-ui .ltxv-job .ltxv-placeholder{{grid-row:auto}}
.ltxv-ui .ltxv-job .ltxv-status>:not(.ltxv-placeholder){{grid-column:1}}
}}
"""

#: For the status of a running job. It stands as its clip will stand, so that nothing moves when that comes.
STATUS_STYLE = """
.ltxv-status{align-items:center;gap:0 12px;flex-flow:row wrap;max-width:720px;margin:8px 0;padding:0 0 28px;
 overflow:visible;
 font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;color:var(--jp-ui-font-color1,#222)}
.ltxv-status .widget-html,.ltxv-status .widget-html-content
{margin:0;height:auto;line-height:24px;font-size:13px;color:inherit}
.ltxv-style{display:none!important}
.ltxv-status .ltxv-placeholder,.ltxv-status .ltxv-prompt-line,.ltxv-status .ltxv-card-line
{flex:1 1 100%;max-width:100%;margin:0}
.ltxv-status .ltxv-state,.ltxv-status .ltxv-meter,.ltxv-status .ltxv-stop{margin-top:8px}
@media (max-width:560px){.ltxv-state{order:1}.ltxv-status .ltxv-stop{order:2;margin-left:auto}
.ltxv-meter{order:3;flex:1 1 100%}}
.ltxv-status.ltxv-noted{box-sizing:border-box;padding:16px;border-radius:8px;
 background:var(--jp-layout-color1,#fff);
 border:1px solid var(--jp-border-color2,#d0d0d0);border-left:4px solid var(--jp-border-color1,#999)}
.ltxv-status.ltxv-noted:has([data-tone=doubt]){border-left-color:var(--jp-warn-color1,#b26a00)}
.ltxv-noted .ltxv-note{padding:0!important;margin:0!important;border:0!important;max-width:none!important}
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
.ltxv-status .ltxv-stop{width:auto;height:24px;line-height:22px;padding:0 10px;margin-bottom:0;margin-left:0;
 margin-right:0;border-radius:6px;font-size:12px}
.ltxv-status .ltxv-outcome{flex:1 1 100%;max-width:100%}
.ltxv-status:has(.ltxv-outcome){padding:0}
"""

#: Shows plain HTML in the place of a widget whose kernel is gone: JupyterLab and Notebook 7 leave a text
#: behind after a reload, and a widget with a broken link over it when the kernel was restarted.
_CHILD = ".jp-OutputArea-child"
_GONE = ".jupyter-widgets-disconnected"


def stand_in_style(widget: str, stand_in: str) -> str:
    """Return the rules by which the second of two outputs shows only while the first has no living widget.

    Parameters
    ----------
    widget, stand_in : str
        CSS classes, one of the widget and one of an element of the output that follows it.
    """
    alive = f":has(.{widget}:not({_GONE}))"
    return f"""
{_CHILD}{alive}+{_CHILD}:has(.{stand_in}){{display:none}}
{_CHILD}:not({alive}):has(+{_CHILD} .{stand_in}){{display:none}}
{_CHILD}:not({alive})+{_CHILD} .{stand_in} video[hidden]{{display:block!important}}
"""


#: For a status, and what stands in its place.
PENDING_STYLE = stand_in_style("ltxv-status", "ltxv-pending")

#: For a batch: its plan or its status, with a button; and what stands in its place.
BATCH_STYLE = """
.ltxv-batch-view{max-width:720px;margin:8px 0;gap:8px;overflow:visible;align-items:flex-start;
 font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;color:var(--jp-ui-font-color1,#222)}
.ltxv-batch-view .widget-html,.ltxv-batch-view .widget-html-content
{margin:0;height:auto;width:100%;line-height:20px;font-size:13px;color:inherit}
.ltxv-batch-view .jupyter-button{width:auto;max-width:100%;height:28px;line-height:26px;padding:0 12px;
 margin:0;border-radius:5px;color:var(--jp-ui-font-color1,#222);background:var(--jp-layout-color2,#eee);
 border:1px solid var(--jp-border-color1,#999)}
.ltxv-batch-view .ltxv-make{font-weight:600}
"""
BATCH_PENDING_STYLE = stand_in_style("ltxv-batch-view", "ltxv-batch-pending")


def style_tag(rules: str) -> str:
    """Return rules as a ``style`` element, in one line."""
    return f"<style>{''.join(line.strip() for line in rules.splitlines())}</style>"
