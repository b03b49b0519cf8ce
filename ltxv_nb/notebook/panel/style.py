"""The stylesheet of the panel alone: segmented buttons, switches, the line with the button that pays."""

from __future__ import annotations

_TEXT = "var(--jp-ui-font-color1,#222)"
_SOFT = "var(--jp-ui-font-color2,#555)"
_LINE = "var(--jp-border-color1,#999)"
_BACK = "var(--jp-layout-color1,#fff)"
_RAISED = "var(--jp-layout-color2,#f3f3f3)"
_BRAND = "var(--jp-brand-color1,#1565c0)"

#: Fields stand in one, two, three or four columns, never with one field alone in the last row: then there is
#: a column less, or the last field fills its row.
_COLUMNS = """
.ltxv-ui .ltxv-fields{display:grid;gap:12px 16px;grid-template-columns:minmax(0,1fr);align-items:start}
@container (min-width:460px){
.ltxv-ui .ltxv-fields:has(>:nth-child(2)){grid-template-columns:repeat(2,minmax(0,1fr))}
.ltxv-ui .ltxv-fields>:last-child:nth-child(2n+1){grid-column:1/-1}}
@container (min-width:680px){
.ltxv-ui .ltxv-fields:has(>:nth-child(3)):not(:has(>:last-child:nth-child(3n+1)))
{grid-template-columns:repeat(3,minmax(0,1fr))}
.ltxv-ui .ltxv-fields:not(:has(>:last-child:nth-child(3n+1)))>:last-child:nth-child(2n+1){grid-column:auto}}
@container (min-width:900px){
.ltxv-ui .ltxv-fields:has(>:nth-child(4)):not(:has(>:last-child:nth-child(4n+1)))
{grid-template-columns:repeat(4,minmax(0,1fr))}
.ltxv-ui .ltxv-fields:not(:has(>:last-child:nth-child(4n+1)))>:last-child:nth-child(2n+1){grid-column:auto}}
.ltxv-ui .ltxv-areas{display:flex;flex-flow:column;gap:12px}
"""

#: A choice of few short values: native radio buttons, side by side, drawn as one control.
_SEGMENTS = f"""
.ltxv-ui .ltxv-segments .widget-radio-box{{display:flex;flex-flow:row;margin:0!important;height:auto;
 width:fit-content;max-width:100%;padding:2px;gap:2px;box-sizing:border-box;border-radius:7px;
 border:1px solid {_LINE};background:{_RAISED}}}
.ltxv-ui .ltxv-segments .widget-radio-box label{{position:relative;display:block;flex:1 0 auto;margin:0;
 height:26px;line-height:26px;padding:0 10px;width:auto;max-width:none;border-radius:5px;font-size:13px;
 text-align:center;white-space:nowrap;color:{_TEXT};cursor:pointer}}
.ltxv-ui .ltxv-segments .widget-radio-box label:hover{{background:{_BACK}}}
.ltxv-ui .ltxv-segments .widget-radio-box label:has(:checked){{background:{_BACK};font-weight:600;
 box-shadow:0 0 0 1px {_BRAND}}}
.ltxv-ui .ltxv-segments .widget-radio-box label:has(:focus-visible)
 {{outline:2px solid {_BRAND};outline-offset:2px}}
.ltxv-ui .ltxv-segments input{{appearance:none;position:absolute;inset:0;width:100%;height:100%;margin:0;
 cursor:pointer;outline:0!important}}
@media (forced-colors:active){{
.ltxv-ui .ltxv-segments .widget-radio-box label:has(:checked){{outline:2px solid Highlight}}}}
"""

#: On or off: a native checkbox, drawn as a switch below its label.
_SWITCH = f"""
.ltxv-ui .ltxv-switch .widget-label-basic{{display:flex;flex-flow:row wrap;align-items:center;gap:3px 8px;
 margin:0;padding:0;width:auto;max-width:none;line-height:16px;overflow:visible;cursor:pointer}}
.ltxv-ui .ltxv-switch .widget-label-basic>span{{order:-1;flex:0 0 100%;font-size:12px;font-weight:600;
 color:{_SOFT};line-height:16px;height:16px;text-align:left}}
.ltxv-ui .ltxv-switch .widget-label-basic::after{{content:"Off";font-size:13px;color:{_TEXT}}}
.ltxv-ui .ltxv-switch .widget-label-basic:has(:checked)::after{{content:"On"}}
.ltxv-ui .ltxv-switch>.widget-label{{display:none}}
.ltxv-ui .ltxv-switch input{{appearance:none;position:relative;flex:none;width:40px;height:22px;
 margin:5px 0;border-radius:11px;border:1px solid {_LINE};background:{_RAISED};cursor:pointer}}
.ltxv-ui .ltxv-switch input::before{{content:"";position:absolute;left:2px;top:2px;width:16px;height:16px;
 border-radius:50%;background:{_SOFT}}}
.ltxv-ui .ltxv-switch input:checked{{background:#1565c0;border-color:#1565c0}}
.ltxv-ui .ltxv-switch input:checked::before{{left:20px;background:#fff}}
@media (prefers-reduced-motion:no-preference){{
.ltxv-ui .ltxv-switch input::before{{transition:left .12s ease-out}}}}
@media (forced-colors:active){{.ltxv-ui .ltxv-switch input{{appearance:auto}}}}
"""

#: The button that pays, with what it costs beside it.
_BAR = f"""
.ltxv-ui .ltxv-submit{{gap:6px;border-top:1px solid var(--jp-border-color2,#d0d0d0);padding-top:14px}}
.ltxv-ui .ltxv-actions-bar{{display:flex;flex-flow:row wrap;gap:8px 16px;align-items:center}}
.ltxv-ui .ltxv-takes{{flex-flow:row;align-items:center;gap:8px;flex:none}}
.ltxv-ui .ltxv-price{{flex:1 1 340px;min-width:0;overflow-wrap:anywhere}}
.ltxv-ui .ltxv-price b{{font-size:14px;font-variant-numeric:tabular-nums}}
.ltxv-ui .ltxv-price .ltxv-hint{{font-size:12px}}
.ltxv-ui .ltxv-price .ltxv-over{{font-size:12px;font-weight:600}}
.ltxv-ui .ltxv-submit .ltxv-as-cell{{margin-left:auto}}
.ltxv-ui .ltxv-submit .ltxv-note{{margin:0!important;max-width:none!important}}
.ltxv-ui .ltxv-submit .ltxv-row>.ltxv-message{{flex:1 1 160px}}
.ltxv-ui .ltxv-submit .ltxv-row>.ltxv-message:has(.ltxv-note){{flex:1 0 100%}}
.ltxv-ui .ltxv-picture{{display:flex;flex-flow:row wrap;gap:8px 12px;align-items:center}}
.ltxv-ui .ltxv-picture [data-tone=bad]{{color:var(--jp-error-color1,#c62828)}}
.ltxv-ui .ltxv-picture progress{{width:140px;accent-color:{_BRAND}}}
"""

PANEL_STYLE = _COLUMNS + _SEGMENTS + _SWITCH + _BAR
