"""The lists that a gig's form offers: categories, skills and zones."""

from typing import Any

from gigs import selectors
from gigs.api.filters import SkillQuery
from gigs.api.serializers import CategorySerializer, SkillSerializer, ZoneSerializer
from khidma.http.views import Answer, ApiView, operation


class Categories(ApiView):
    @operation(access="public", returns=CategorySerializer, many=True, etag=True)
    def get(self, request: Any) -> Answer:
        """The category tree."""
        return Answer(selectors.list_categories(), plain=True)


class Skills(ApiView):
    @operation(access="public", returns=SkillSerializer, paging="page", query=SkillQuery)
    def get(self, request: Any) -> Any:
        """Skill names that start like the search."""
        return self.page(selectors.list_skills_like(self.query()["search"]))


class Zones(ApiView):
    @operation(access="public", returns=ZoneSerializer, many=True, etag=True)
    def get(self, request: Any) -> Any:
        """Service zones with their figures."""
        return selectors.list_zones()
