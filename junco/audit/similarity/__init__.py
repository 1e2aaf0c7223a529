"""How alike two saliency maps are: measures by name, batched over images on whatever device the maps are."""

from junco.audit.similarity import hog, pearson, spearman, ssim, top_k
from junco.audit.similarity.registry import MEASURES, Measure, measure, named

__all__ = ["MEASURES", "Measure", "hog", "measure", "named", "pearson", "spearman", "ssim", "top_k"]
