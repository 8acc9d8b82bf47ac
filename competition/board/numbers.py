"""Numbers for a reader."""

LARGE = 1e6  # from here on a number has an exponent and four significant digits


def number(value: float | None, digits: int = 4) -> str:
    """A score or cost for a reader, an en dash where there is none."""
    return "–" if value is None else format(value, _form(value, digits))


def signed(value: float | None, digits: int = 4) -> str:
    """A difference for a reader, with its sign; an en dash where there is none."""
    return "–" if value is None else format(value, f"+{_form(value, digits)}")


def _form(value: float, digits: int) -> str:
    return f".{digits}f" if abs(value) < LARGE else ".3e"


def p_value(p: float | None) -> str:
    """A p-value for a reader: three digits, an en dash where there is none."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def cost(value: float | None) -> str:
    """A cost to two or three significant digits."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"
