import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswer, ApiProblems } from '../http/api-docs.js';
import type { Caller } from './caller.js';
import { CurrentCaller, Requires } from './decorators.js';
import { meSchema, type MeView } from './me.dto.js';
import { PERMISSIONS, roleMay } from './permissions.js';

/** So that a client can leave out what its caller may not do; the server judges every request all the same. */
@ApiTags('api-keys')
@Controller('v1/me')
export class MeController {
  @Get()
  @Requires('self:read')
  @ApiOperation({ summary: 'Who you are to Sexton, and what you may do' })
  @ApiAnswer(200, meSchema, 'The caller of this request.')
  @ApiProblems()
  me(@CurrentCaller() { id, name, role, scopes }: Caller): MeView {
    const permissions = PERMISSIONS.filter((permission) => roleMay(role, permission));
    return { id, name, role, scopes: [...scopes], permissions };
  }
}
