from django.http import HttpResponse


def next_week(request):
    # As real projects do it: what takes a second to import is imported when it is needed.
    import pandas
    from scipy.stats import linregress

    sold = pandas.Series([10, 12, 14, 16])
    trend = linregress(sold.index, sold)
    return HttpResponse(f"{trend.intercept + trend.slope * len(sold):.0f} expected")
