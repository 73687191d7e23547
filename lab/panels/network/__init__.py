"""The network as it is built: a canvas of layers and neurons that is drawn, edited and live.

Shapes, costs and problems: `lab.engine.drafts`; edits of a description: ``edits``; formulas in
LaTeX: ``formulas``; the code: ``code``. What is drawn where: ``blocks`` and ``layout``.
"""
