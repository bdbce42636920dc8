import { Controller, Get, HttpCode, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiAnswer, ApiProblems } from '../../http/api-docs.js';
import { NoBody } from '../../http/no-body.js';
import { idSchema } from '../../http/plain-text.js';
import { requestIdOf } from '../../http/request-id.js';
import type { Caller } from '../../identity/caller.js';
import { CurrentCaller, Requires } from '../../identity/decorators.js';
import {
  deliveryListSchema,
  deliverySchema,
  listDeliveriesSchema,
  type DeliveryListView,
  type DeliveryView,
  type ListDeliveries,
} from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';

@ApiTags('webhooks')
@Controller('v1/webhooks/:id/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  @Get()
  @Requires('webhooks:manage')
  @ApiOperation({
    summary: 'What was delivered to a webhook, what waits, and what was given up',
    description: 'state=dead shows what no further try is made of: send it again with resend.',
  })
  @ApiAnswer(200, deliveryListSchema, 'A page.')
  @ApiProblems('invalid_request', 'not_found')
  async list(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: listDeliveriesSchema }) query: ListDeliveries,
  ): Promise<DeliveryListView> {
    return this.deliveries.list(id, query);
  }

  @Post(':delivery/resend')
  @HttpCode(202)
  @UseGuards(NoBody)
  @Requires('webhooks:manage')
  @ApiOperation({
    summary: 'Send a notice again',
    description:
      'Under the same id, with all its tries, at once; one of a disabled webhook waits until that is enabled.',
  })
  @ApiAnswer(202, deliverySchema, 'It is due.')
  @ApiProblems('invalid_request', 'not_found')
  async resend(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Param('delivery', { schema: idSchema }) delivery: string,
    @Req() request: Request,
  ): Promise<DeliveryView> {
    return this.deliveries.resend(caller, id, delivery, requestIdOf(request));
  }
}
